"""What a refusal consists of, kept so that each reader is told it in their own language. Pure."""

from typing import Any
from uuid import UUID

from infra.errors import PROBLEM_TYPE_PREFIX, MarketError
from infra.messages import Message, packed, translate_throughout, unpacked, with_ids


def problem_to_json(error: MarketError) -> dict[str, Any]:
    """A refusal as JSON; :func:`problem_document` reads it back."""
    return {
        "type": PROBLEM_TYPE_PREFIX + error.slug,
        "title": packed(error.title),
        "status": error.status,
        "detail": packed(error.detail),
        "remedy": packed(error.remedy),
        "extensions": packed(error.extensions),
    }


def problem_document(stored: dict[str, Any], language: str, ids: dict[str, UUID]) -> dict[str, Any]:
    """The problem document (RFC 9457), as the refusal of a request would be.

    :param language: of title, detail and remedy.
    :param ids: those that the remedy's addresses are completed with.
    """
    found = translate_throughout(unpacked(stored), language)
    document: dict[str, Any] = {
        **found["extensions"],
        **{name: found[name] for name in ("type", "title", "status", "detail")},
    }
    if found["remedy"]:
        document["remedy"] = with_ids(found["remedy"], ids)
    return document


def detail_of(stored: dict[str, Any] | None) -> Message | None:
    """What was wrong, still to be translated; None where nothing was."""
    detail = unpacked(stored["detail"]) if stored else None
    return detail if isinstance(detail, Message) else None
