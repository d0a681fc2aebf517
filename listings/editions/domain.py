"""What an edition is made of, how two of them differ, and which remarks of a reviewer are answered. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.digest import json_digest
from infra.messages import Message
from listings.editions.errors import DigestMismatch, EditionUnchanged, RemarkRefused, RemarksUnanswered
from listings.products.dictionary import DictionaryEntry
from quality.suites.domain import ChecksJson
from quality.suites.domain import compare as compare_checks

MEMBERS = (
    "title_zh",
    "title_en",
    "description_zh",
    "description_en",
    "themes",
    "update_frequency",
    "purposes",
    "delivery_classes",
    "plan_id",
    "quality_suite_id",
    "dictionary",
)
"""The members of an edition's document, each a column of the product, in the order in which people read them."""

DICTIONARY = "dictionary"
COLUMN_PREFIX = f"{DICTIONARY}."
"""A field ``dictionary.<column>`` is what the dictionary says of one column."""

SUITE = "quality_suite_id"
"""The member that names the version of the quality suite; None of documents from before suites."""

CHECKS = "quality_checks"
"""What :func:`with_checks` adds to a document; no member, and in no digest."""

CHECK_PREFIX = f"{CHECKS}."
"""A field ``quality_checks.<name>`` is one check of the suite that an edition names."""

DATA = "data"
"""The field of remarks about the newest file: its rows, its quality report, its sample."""

Document = Mapping[str, Any]
"""What an edition says and offers, as JSON: the members of :data:`MEMBERS`."""


class Answer(StrEnum):
    """How the operator answered a remark."""

    CHANGED = "changed"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class Change:
    """One field in which two editions differ; None where one of them has it not."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reviewer said of one field."""

    field: str
    text: str


def document_digest(document: Document) -> str:
    """SHA-256, in hexadecimal, of an edition's document as canonical JSON: what is reviewed, and what orders name."""
    return json_digest(document).hex()


def compare(before: Document, after: Document) -> list[Change]:
    """Where two editions differ, field by field; the dictionary column by column, whatever their order.

    The quality suite check by check too, where both come from :func:`with_checks`. An edition that names no suite
    changes none.
    """
    changes = [
        Change(name, before.get(name), after.get(name))
        for name in MEMBERS
        if name != DICTIONARY
        and before.get(name) != after.get(name)
        and (name != SUITE or after.get(name) is not None)
    ]
    known, told = _columns(before), _columns(after)
    changes += [
        Change(COLUMN_PREFIX + column, known.get(column), told.get(column))
        for column in dict.fromkeys([*known, *told])
        if _entry(known.get(column)) != _entry(told.get(column))
    ]
    if after.get(SUITE) is None or CHECKS not in before or CHECKS not in after:
        return changes
    return changes + [
        Change(CHECK_PREFIX + change.name, change.before, change.after)
        for change in compare_checks(before[CHECKS], after[CHECKS])
    ]


def with_checks(document: Document, checks: ChecksJson) -> Document:
    """A document to be compared check by check.

    :param checks: of the suite that it names.
    """
    return {**document, CHECKS: list(checks)}


def _columns(document: Document) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in document[DICTIONARY]}


def _entry(stored: Mapping[str, Any] | None) -> DictionaryEntry | None:
    # What was stored before an entry had some member says the same as its default.
    return DictionaryEntry.from_json(stored) if stored is not None else None


def require_changed(before: Document, after: Document) -> None:
    """Refuse to review an edition that says nothing else than the one in force.

    :raises EditionUnchanged: it does not differ in any field.
    """
    if not compare(before, after):
        raise EditionUnchanged(
            Message("The edition says the same as the one in force."),
            remedy=Message("Change something first, or withdraw the edition."),
        )


def require_digest(seen: str, on_file: str) -> None:
    """Make sure that a reviewer decides about the document that was read.

    :raises DigestMismatch: it was changed since.
    """
    if seen != on_file:
        raise DigestMismatch(
            Message("The digest you sent is not that of the edition's document."),
            remedy=Message("Read the edition again and decide about the digest it shows."),
        )


def require_fields(remarks: Iterable[Remark], columns: Collection[str], checks: Collection[str] = ()) -> None:
    """Refuse remarks about fields that there are not.

    :param columns: those of the newest file and of the dictionary.
    :param checks: names of the checks of its quality suite.
    :raises RemarkRefused: names the fields.
    """
    known = {*MEMBERS, DATA, *(COLUMN_PREFIX + column for column in columns)}
    known |= {CHECK_PREFIX + check for check in checks}
    unknown = sorted({remark.field for remark in remarks} - known)
    if unknown:
        raise RemarkRefused(
            Message("An edition has no such field: {fields}.", fields=", ".join(unknown[:20])),
            remedy=Message(
                "Name fields among {fields}, {data}, dictionary.<column>, or quality_checks.<name>.",
                fields=", ".join(MEMBERS),
                data=DATA,
            ),
            fields=unknown[:100],
        )


def is_changed(field: str, changes: Sequence[Change], *, other_data: bool) -> bool:
    """Whether what a remark is about is another now than when it was made.

    :param changes: between the document as it was reviewed and as it is.
    :param other_data: whether there is another newest file.
    """
    if field == DATA:
        return other_data
    if field == DICTIONARY:
        return any(change.field.startswith(COLUMN_PREFIX) for change in changes)
    return any(change.field == field for change in changes)


def require_answered(open_fields: Collection[str]) -> None:
    """Refuse to submit again what was returned, while a remark is neither acted on nor answered.

    :param open_fields: of the remarks that are not.
    :raises RemarksUnanswered: names the fields.
    """
    if open_fields:
        raise RemarksUnanswered(
            Message(
                "The reviewer's remarks are not answered yet: {fields}.",
                fields=", ".join(sorted(open_fields)[:20]),
            ),
            remedy=Message(
                "Change these fields, or say why they stay as they are:"
                " POST /v1/editions/{edition_id}/remarks/{remark_id}/explanation. GET /v1/editions/{edition_id} shows"
                " the remarks."
            ),
            fields=sorted(open_fields)[:100],
        )
