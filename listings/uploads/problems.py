"""What a refusal consists of, kept so that each reader is told it in their own language. Pure."""

import json
from typing import Any
from uuid import UUID

from infra.errors import PROBLEM_TYPE_PREFIX, MarketError
from infra.messages import LANGUAGES, Message, packed, translate_throughout, unpacked, with_ids
from listings.revisions.storable import storable


def problem_to_json(error: MarketError) -> dict[str, Any]:
    """A refusal as JSON; :func:`problem_document` reads it back."""
    return {
        "type": PROBLEM_TYPE_PREFIX + error.slug,
        "title": _kept(error.title),
        "status": error.status,
        "detail": _kept(error.detail),
        "remedy": _kept(error.remedy),
        "extensions": _kept(error.extensions),
    }


def _kept(value: Any) -> Any:
    """As JSON that PostgreSQL can hold; what could not be read back as it is stays in English."""
    found = storable(packed(value))
    try:
        translate_throughout(unpacked(found), LANGUAGES[0])
    except (KeyError, TypeError, ValueError):
        return storable(json.loads(json.dumps(value, default=str)))
    return found


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
