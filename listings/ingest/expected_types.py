"""Columns read with the types that are expected of them.

Most columns are written as usual, and a look at one reading (:class:`Usual`) shows it. What is not is read in every
form that is known for its type, which costs several times as much.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from infra.messages import Message
from listings.ingest.errors import shown
from listings.ingest.expected import ExpectedColumn, decimal_digits
from listings.ingest.misfits import Misfits, refuse_misfits
from listings.ingest.readings import BOOLEAN, DATES, DECIMAL, INTEGER, NUMBER, Reading, is_exact
from listings.ingest.result import Kind, Notice
from listings.ingest.table import (
    COLUMNS_AT_ONCE,
    InferredType,
    Table,
    as_text,
    digit_counts,
    is_direct,
    markers_notice,
    trimmed,
)
from listings.ingest.typed_sql import fraction_digits, physical_type, typed_value, whole_digits


@dataclass(frozen=True, slots=True)
class Usual:
    """A way to write a type that all first values of an expected column have.

    :param value: SQL of a value.
    """

    expected: ExpectedColumn
    reading: Reading
    value: str

    def measures(self) -> list[str]:
        """SQL: values of the column, those written so, and their longest whole part and fraction, in digits."""
        digits = digit_counts(self.value) if self.reading is DECIMAL else ["NULL", "NULL"]
        return [
            f"count({self.value})",
            f"count(*) FILTER (WHERE {self.reading.testing(self.value)})",
            *digits,
        ]

    def type_of(self, rows: int, counts: Sequence[int | None]) -> InferredType | None:
        """How the column is read; None where a value is written in another way, or does not fit."""
        count, matched, whole, fraction = (int(number or 0) for number in counts)
        before, after = self.expected.digits
        if matched < count or (count < rows and not self.expected.nullable):
            return None
        if self.reading is DECIMAL and (whole > before or fraction > after):
            return None
        physical = physical_type(self.expected, self.expected.digits)
        value = self.reading.reading(self.value)
        if self.reading is DECIMAL:
            value = f"CAST({value} AS {physical})"
        direct = is_direct(self.reading, self.value)
        return InferredType(self.expected.kind, value, physical, self.expected.zone, direct)


def usual(expected: ExpectedColumn, value: str, sample: Sequence[str]) -> Usual | None:
    """The usual way to write a type that all first values have; None where they have none in common.

    :param value: SQL of a value.
    :param sample: the first values, trimmed, without empty ones.
    """
    if expected.format is not None:  # in which 1.500 may be fifteen hundred
        return None
    readings = [
        reading
        for reading in (INTEGER, DECIMAL, NUMBER, BOOLEAN, *DATES)
        if reading.kind is expected.kind and reading.zone == expected.zone
    ]
    fitting = (reading for reading in readings if all(reading.fits(text) for text in sample))
    reading = next(fitting, None)
    return Usual(expected, reading, value) if reading is not None else None


def read_expected(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    indexes: Sequence[int],
    rows: int,
    types: list[InferredType],
) -> list[Notice]:
    """Find how expected columns are read, in every form that is known for their types.

    :param indexes: of the columns.
    :param types: of all columns; those of the indexes are set.
    :returns: what to tell.
    :raises TypeMismatch: values do not fit.
    """
    misfits, notices = [], []
    for start in range(0, len(indexes), COLUMNS_AT_ONCE):
        some = [
            (i, column) for i in indexes[start : start + COLUMNS_AT_ONCE] if (column := table.expected[i])
        ]
        measures = [measure for i, column in some for measure in _measures(i, column)]
        found = connection.execute(f"SELECT {', '.join(measures)} FROM source").fetchone() or ()
        for place, (index, expected) in enumerate(some):
            filled, *counts, rounded = found[6 * place : 6 * place + 6]
            types[index], unfit = _expected_type(table, index, expected, rows, counts)
            if unfit is not None:
                misfits.append(unfit)
            if expected.kind is not Kind.TEXT and filled > counts[0]:
                notices.append(markers_notice(table.names[index], filled - counts[0]))
            if rounded and unfit is None:
                notices.append(_rounded_notice(table.names[index], rounded))
    refuse_misfits(connection, table.names, misfits, table.line_of)
    return notices


def _measures(index: int, expected: ExpectedColumn) -> list[str]:
    """SQL: cells filled, values of a column, those that fit, the digits of their longest whole part and fraction; and
    numbers that no binary one stands for.
    """
    v, n = f"v{index}", f"n{index}"
    counts = [f"count({trimmed(index)})", f"count({v})"]
    if expected.kind is Kind.DECIMAL:
        return [*counts, f"count({n})", f"max({whole_digits(n)})", f"max({fraction_digits(n)})", "NULL"]
    rounded = f"count(*) FILTER (WHERE NOT {is_exact(n)})" if expected.kind is Kind.NUMBER else "NULL"
    return [*counts, f"count({typed_value(index, expected, expected.digits)})", "NULL", "NULL", rounded]


def _rounded_notice(name: str, count: int) -> Notice:
    message = Message(
        "{count:,} values of {column} have more digits than a binary floating-point number: they were rounded. To"
        " keep them as they are written, declare the column as decimal or text with"
        " PUT /v1/products/{{product_id}}/columns.",
        count=count,
        column=shown(name),
    )
    return Notice("read-as-floating-point", message, name)


def _expected_type(
    table: Table, index: int, expected: ExpectedColumn, rows: int, counts: Sequence[int | None]
) -> tuple[InferredType, Misfits | None]:
    """How an expected column is read, and what is known of values that do not fit."""
    count, matched, whole, fraction = (int(number or 0) for number in counts)
    digits = decimal_digits(expected, whole, fraction)
    value = typed_value(index, expected, digits)
    typed = InferredType(expected.kind, value, physical_type(expected, digits), expected.zone)
    if expected.kind is Kind.TEXT:
        typed = as_text(table, index)
    complete = expected.nullable or count == rows
    if matched == count and complete and whole <= max(digits[0], 1) and fraction <= digits[1]:
        return typed, None
    return typed, Misfits(index, expected, value, count if expected.nullable else rows)
