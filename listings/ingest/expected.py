"""Columns that a file is expected to have: with the types that are published, or that were declared for it. Pure.

A value fits an expected type when the type holds exactly what is written, however it is written:

- integer: ``12``, ``12.0`` and ``1e5``; ``12.5`` does not fit, nor ``007``, which may be a code.
- decimal: any number, exactly, up to 38 digits. The published digits are the least: more are added where they are
  needed. Of a binary floating-point number (Parquet, Arrow) the shortest text counts, up to 15 significant digits.
- number: any finite number, as binary floating point; what that rounds is counted, and told.
- boolean: true and false in any case, 是 and 否, 真 and 假, 有 and 无.
- date: 2024-01-31, 2024/1/31, 2024.1.31 or 2024年1月31日, also mixed, and a date and time at midnight.
- timestamp: a date and time in any form that is inferred, also mixed, with 上午 or 下午 too; a date is its midnight.
  Whether values carry offsets does not change: local times and instants are not the same.
- text: what is written, leading zeros and all; no binary floating-point number, whose text nobody wrote.

An empty value is a missing one, and so is a marker such as NA or 缺测 in a column that is not text. There full-width
digits and signs are digits and signs, and a number may have a plus sign. A declared format says how numbers and dates
are written in the file besides.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from infra.messages import Message
from listings.ingest.formats import DATE_FORMATS, NUMBER_FORMATS, ColumnFormat, matching_formats
from listings.ingest.readings import DATED_KINDS, DATES, FURTHER_DATES, MAX_DIGITS, narrowed
from listings.ingest.result import Kind

LITERAL = r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
"""A number as it is usually written."""

BINARY_MARK = " (binary)"
"""What follows a binary floating-point number whose decimal digits are a guess."""

NUMERIC_KINDS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER})
KIND_LABELS = {
    Kind.TEXT: Message("text"),
    Kind.INTEGER: Message("integer"),
    Kind.DECIMAL: Message("decimal"),
    Kind.NUMBER: Message("number"),
    Kind.BOOLEAN: Message("boolean"),
    Kind.DATE: Message("date"),
    Kind.TIMESTAMP: Message("date and time"),
}
"""What each type is called in a sentence."""

_PHYSICAL_DECIMAL = re.compile(r"DECIMAL(?:128)?\((\d+), ?(\d+)\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column whose type is settled before a file is read.

    :param nullable: whether a value may be missing.
    :param format: how numbers or dates are written, where it is not the usual way.
    """

    name: str
    kind: Kind
    nullable: bool = True
    format: ColumnFormat | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        form = document["format"]
        kind = Kind(document["kind"])
        return cls(**{**document, "kind": kind, "format": ColumnFormat(form) if form is not None else None})


@dataclass(frozen=True, slots=True)
class ExpectedColumn(TypedColumn):
    """A column that a file is expected to have.

    :param physical: of the published column in DuckDB's words; None where it is declared only.
    :param zone: as of :class:`listings.ingest.result.Column`: UTC where timestamps carry offsets.
    :param published: whether buyers read the column already.
    """

    physical: str | None = None
    zone: str | None = None
    published: bool = False

    @property
    def digits(self) -> tuple[int, int]:
        """Digits before and after the point that the published type has."""
        found = _PHYSICAL_DECIMAL.fullmatch(self.physical or "")
        if found is None:
            return 1, 0
        precision, scale = int(found[1]), int(found[2])
        return precision - scale, scale


def decimal_digits(expected: ExpectedColumn, whole: int, fraction: int) -> tuple[int, int]:
    """Digits before and after the point of a decimal column that holds its values and what is published.

    :param whole: of the longest value before the point; ``fraction`` after it.
    """
    published_whole, published_fraction = expected.digits
    after = min(max(fraction, published_fraction), MAX_DIGITS - 1)
    before = max(whole, 1)
    if max(before, published_whole) + after <= MAX_DIGITS:
        before = max(before, published_whole)
    return min(before, MAX_DIGITS - after), after


_DATE_FORMS = "2024-01-31, 2024/1/31, 2024.1.31, 2024年1月31日"
_LAST_SERIAL = 80_000
"""Spreadsheets count days from 1900; this one is in 2119."""


def declarable_formats(value: str, expected: ExpectedColumn) -> list[ColumnFormat]:
    """The formats that could be declared to have a trimmed value read; none where it is written as declared."""
    formats = DATE_FORMATS if expected.kind in DATED_KINDS else NUMBER_FORMATS
    found = [form for form in matching_formats(narrowed(value)) if form in formats]
    return [] if expected.format in found else found


def why_unfit(value: str | None, expected: ExpectedColumn) -> Message:
    """Why a trimmed value does not fit, to go on after the value.

    :param value: None for a missing one.
    """
    if value is None:
        return Message("is missing, and the column is declared as never empty")
    if formats := declarable_formats(value, expected):
        return Message("is written in another format ({format})", format=", ".join(formats))
    if expected.kind in NUMERIC_KINDS:
        return _why_no_number(narrowed(value), expected)
    if expected.kind in DATED_KINDS:
        return _why_no_date(narrowed(value), expected)
    return Message("is not of this type")


def _why_no_number(value: str, expected: ExpectedColumn) -> Message:
    if value.endswith(BINARY_MARK):
        return Message(
            "is a binary floating-point number of more than 15 digits: round it or write it as text"
        )
    if re.fullmatch(r"-?0[0-9]+(\.[0-9]*)?", value):
        return Message("has a leading zero, so it may be a code")
    if re.fullmatch(LITERAL, value, re.ASCII) is None:
        if re.search("[0-9]", value):
            return Message("is more than a number: units and signs belong into the column's declaration")
        return Message("is not a number")
    if expected.format in NUMBER_FORMATS:
        return Message("is not written as declared ({format})", format=expected.format)
    if expected.kind is Kind.INTEGER:
        return Message("is not a whole number of at most 19 digits")
    if expected.kind is Kind.DECIMAL:
        return Message("has more than {limit} digits with those of the column", limit=MAX_DIGITS)
    return Message("is too large")


def _why_no_date(value: str, expected: ExpectedColumn) -> Message:
    fitting = [reading for reading in (*DATES, *FURTHER_DATES) if reading.fits(value)]
    if expected.kind is Kind.TIMESTAMP and expected.zone and any(not r.zone for r in fitting):
        return Message("has no offset, and the column's times have one")
    if any(reading.zone for reading in fitting) and not expected.zone:
        return Message("has an offset, and the column's values have none")
    if expected.kind is Kind.DATE and any(reading.kind is Kind.TIMESTAMP for reading in fitting):
        return Message("has a time of day")
    if fitting or expected.format in matching_formats(value):
        return Message("is not on the calendar")
    if re.fullmatch("[0-9]{4}([-/.][0-9]{1,2}|年[0-9]{1,2}月)", value):
        return Message("is a month without a day")
    if re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", value) and 0 < float(value) < _LAST_SERIAL:
        return Message("is a number, as spreadsheets count days: save the column's cells as dates")
    return Message("is not a date written as {forms}", forms=_DATE_FORMS)
