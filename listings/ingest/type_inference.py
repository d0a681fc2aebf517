"""What type is each column of a table of texts? Every value is verified, by SQL over the view ``source``.

A column that is expected is read with the type it is expected to have; what does not fit is named. Any other column's
type is inferred.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import duckdb

from infra.messages import Message, joined
from listings.ingest.errors import MixedColumn, shown
from listings.ingest.expected import ExpectedColumn, decimal_digits
from listings.ingest.hints import declaration, hint, number_format
from listings.ingest.misfits import Misfits, refuse_misfits
from listings.ingest.readings import (
    DATED_KINDS,
    DECIMAL,
    INTEGER,
    MAX_DIGITS,
    MISSING_MARKERS,
    NUMBER,
    NUMERIC,
    Reading,
    candidates,
    why_not,
)
from listings.ingest.result import Kind, Notice
from listings.ingest.typed_sql import (
    fraction_digits,
    parsed,
    physical_type,
    present,
    typed_value,
    whole_digits,
)

SAMPLE_ROWS = 5_000
SAMPLE_CELLS = 200_000
SAMPLE_LENGTH = 300
"""Characters of a value that are looked at for a suggestion; longer ones are text."""

COLUMNS_AT_ONCE = 200
_PHYSICAL = {
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
}
_MARKERS = "(" + ", ".join(f"'{marker}'" for marker in MISSING_MARKERS) + ")"


@dataclass(frozen=True, slots=True)
class Table:
    """A UTF-8 CSV file with a header, ready to be typed.

    :param allowed: per column, which kinds its values may take; None for any.
    :param line_of: the source line of a data row counted from 0.
    :param expected: per column, what it is read as; None to infer it.
    """

    path: Path
    delimiter: str
    header: bool
    given: tuple[str, ...]
    names: tuple[str, ...]
    allowed: tuple[frozenset[Kind] | None, ...]
    line_of: Callable[[int], int | None]
    expected: tuple[ExpectedColumn | None, ...]


@dataclass(frozen=True, slots=True)
class InferredType:
    """The type of one column, and the SQL that yields its values."""

    kind: Kind
    expression: str
    physical: str
    zone: str | None = None


def _as_text(index: int) -> InferredType:
    return InferredType(Kind.TEXT, f"c{index}", "VARCHAR")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a column's first values suggest.

    :param readings: worth verifying, strictest first.
    :param value: SQL of a value: trimmed only where a first value has blanks around it, since trimming costs more
        than verifying. A blank further down fails its reading, and the column is looked at more closely.
    """

    readings: tuple[Reading, ...]
    value: str


class Inferred(NamedTuple):
    """What was found: the number of rows; per column its type and the bytes of its longest text; what to tell."""

    rows: int
    types: list[InferredType]
    longest: list[int]
    notices: list[Notice]


def trimmed(index: int) -> str:
    """SQL of a value without surrounding blanks; NULL when nothing is left."""
    return f"nullif(trim(c{index}, ' \t\u3000'), '')"


def source_view(relation: str, table: Table) -> str:
    """SQL that makes the view ``source`` of a relation of texts ``c0`` and so on.

    Of expected columns there is besides what :mod:`listings.ingest.typed_sql` makes of them.
    """
    known = [(index, column) for index, column in enumerate(table.expected) if column is not None]
    texts = [f"{present(trimmed(index), column.kind)} AS v{index}" for index, column in known]
    said = [term for index, column in known for term in parsed(index, column)]
    layer = f"SELECT {', '.join(['*', *texts])} FROM {relation}"
    return f"CREATE OR REPLACE TEMP VIEW source AS SELECT {', '.join(['*', *said])} FROM ({layer})"


def infer_types(connection: duckdb.DuckDBPyConnection, table: Table, *, strict: bool) -> "Inferred":
    """Read the view ``source`` to its end and find the type of every column.

    :param strict: refuse a column of dates or times that holds something else.
    :returns: see :class:`Inferred`.
    :raises FileRefused: values do not fit what is expected; or a column is mixed, and strict is asked for.
    """
    suggested, notices = _suggest(connection, table)
    typed = [_as_text(index) for index in range(len(table.names))]
    found = _verify(connection, table, suggested, typed)
    rows, undecided, longest = found.rows, found.undecided, found.longest
    refuse_misfits(connection, table.names, found.misfits, table.line_of)
    notices += _missing_markers(connection, table)
    for index in undecided:
        readings = suggested[index].readings
        typed[index], notice = _decide_mixed(connection, table, index, readings, strict=strict)
        if notice:
            notices.append(notice)
    return Inferred(rows, typed, longest, notices)


def _suggest(
    connection: duckdb.DuckDBPyConnection, table: Table
) -> tuple[dict[int, Suggestion], list[Notice]]:
    """What each column's first values suggest; columns empty there are looked for further down.

    :returns: suggestions, and what to tell of columns that would be of a type if it were declared.
    """
    wanted = max(100, min(SAMPLE_ROWS, SAMPLE_CELLS // len(table.names)))
    shown = ", ".join(f"left(c{i}, {SAMPLE_LENGTH})" for i in range(len(table.names)))
    rows = connection.execute(f"SELECT {shown} FROM source LIMIT {wanted}").fetchall()
    suggested, notices = {}, []
    for index in range(len(table.names)):
        if table.expected[index] is not None:
            continue
        first = [row[index] for row in rows if row[index] is not None]
        sample = [text for value in first if (text := value.strip(" \t\u3000"))]
        value = f"c{index}" if sample == first else trimmed(index)
        if not sample and len(rows) == wanted:
            values = f"SELECT left({trimmed(index)}, {SAMPLE_LENGTH}) AS v FROM source"
            found = connection.execute(f"SELECT v FROM ({values}) WHERE v IS NOT NULL LIMIT 1000").fetchall()
            sample = [text for (text,) in found]
        allowed = table.allowed[index]
        readings = tuple(r for r in candidates(sample) if allowed is None or r.kind in allowed)
        if readings:
            known = [text for text in sample if text.upper() not in MISSING_MARKERS]
            suggested[index] = Suggestion(_from_first_fitting(readings, known), value)
        elif sample and (notice := hint(table.names[index], sample)) is not None:
            notices.append(notice)
    return suggested, notices


def _from_first_fitting(readings: tuple[Reading, ...], sample: Sequence[str]) -> tuple[Reading, ...]:
    for position, reading in enumerate(readings):
        if all(reading.fits(text) for text in sample):
            return readings[position:]
    return readings


class _Verified(NamedTuple):
    """What the pass over the file has found: columns that need a closer look, and those that do not fit."""

    rows: int
    undecided: list[int]
    longest: list[int]
    misfits: list[Misfits]


def _verify(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    suggested: dict[int, Suggestion],
    types: list[InferredType],
) -> _Verified:
    """Read the whole file: count the rows, and decide each column whose first reading takes every value.

    One pass does for most tables. Wide ones take more: planning a query grows faster than its columns.

    :returns: the number of rows, the columns that need a closer look, the longest text of every column, in bytes, and
        the columns that do not fit what is expected.
    """
    rows, undecided, longest, misfits = 0, [], [], []
    for start in range(0, len(types), COLUMNS_AT_ONCE):
        some = range(start, min(start + COLUMNS_AT_ONCE, len(types)))
        measures = ["count(*)"]
        for index in some:
            measures.append(f"coalesce(max(strlen(c{index})), 0)")
            measures += _measures(index, table.expected[index], suggested.get(index))
        rows, *found = connection.execute(f"SELECT {', '.join(measures)} FROM source").fetchone() or (0,)
        for place, index in enumerate(some):
            length, *counts = found[5 * place : 5 * place + 5]
            longest.append(int(length))
            expected = table.expected[index]
            if expected is not None:
                types[index], unfit = _expected_type(index, expected, rows, counts)
                if unfit is not None:
                    misfits.append(unfit)
            elif index in suggested:
                count, matched, whole, fraction = counts
                first, v = suggested[index].readings[0], suggested[index].value
                inferred = _typed(first, v, whole, fraction) if matched == count else None
                if inferred is None:
                    undecided.append(index)
                else:
                    types[index] = inferred
    return _Verified(int(rows), undecided, longest, misfits)


def _measures(index: int, expected: ExpectedColumn | None, suggestion: Suggestion | None) -> list[str]:
    """SQL: values of a column, those that fit, and their longest whole part and fraction, in digits."""
    v, n = f"v{index}", f"n{index}"
    if expected is not None and expected.kind is Kind.DECIMAL:
        return [f"count({v})", f"count({n})", f"max({whole_digits(n)})", f"max({fraction_digits(n)})"]
    if expected is not None:
        return [f"count({v})", f"count({typed_value(index, expected, expected.digits)})", "NULL", "NULL"]
    if suggestion is None:
        return ["NULL"] * 4
    v, first = suggestion.value, suggestion.readings[0]
    digits = _digits(v) if first is DECIMAL else ["NULL", "NULL"]
    return [f"count({v})", f"count(*) FILTER (WHERE {first.testing(v)})", *digits]


def _expected_type(
    index: int, expected: ExpectedColumn, rows: int, counts: Sequence[int | None]
) -> tuple[InferredType, Misfits | None]:
    """How an expected column is read, and what is known of values that do not fit."""
    count, matched, whole, fraction = (int(number or 0) for number in counts)
    digits = decimal_digits(expected, whole, fraction)
    value = typed_value(index, expected, digits)
    typed = InferredType(expected.kind, value, physical_type(expected, digits), expected.zone)
    if expected.kind is Kind.TEXT:
        typed = _as_text(index)
    complete = expected.nullable or count == rows
    if matched == count and complete and whole <= max(digits[0], 1) and fraction <= digits[1]:
        return typed, None
    return typed, Misfits(index, expected, value, count if expected.nullable else rows)


def _missing_markers(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Notice]:
    """What to tell of markers in expected columns that were read as missing values."""
    typed = [i for i, column in enumerate(table.expected) if column and column.kind is not Kind.TEXT]
    notices = []
    for start in range(0, len(typed), COLUMNS_AT_ONCE):
        some = typed[start : start + COLUMNS_AT_ONCE]
        measures = ", ".join(f"count({trimmed(i)}) - count(v{i})" for i in some)
        found = connection.execute(f"SELECT {measures} FROM source").fetchone() or ()
        notices += [
            _markers_notice(table.names[i], count) for i, count in zip(some, found, strict=True) if count
        ]
    return notices


def _digits(v: str, only: str = "") -> list[str]:
    """SQL for the longest whole part and the longest fraction, in digits, where the values are decimals."""
    point, negative = f"instr({v}, '.')", f"CAST(starts_with({v}, '-') AS INTEGER)"
    return [
        f"max(CASE WHEN {point} > 0 THEN {point} - 1 ELSE strlen({v}) END - {negative}){only}",
        f"max(CASE WHEN {point} > 0 THEN strlen({v}) - {point} ELSE 0 END){only}",
    ]


def _typed(reading: Reading, v: str, whole: int | None, fraction: int | None) -> InferredType | None:
    """How to convert to a reading that fits; None where numbers are too long for it, or to be quantities."""
    whole = max(whole or 0, 1)  # .5 is 0.5 where it is written out
    if reading is DECIMAL:
        if not fraction or whole + fraction > MAX_DIGITS:
            return None
        physical = f"DECIMAL({whole + fraction},{fraction})"
        return InferredType(Kind.DECIMAL, f"CAST({v} AS {physical})", physical)
    return InferredType(reading.kind, reading.reading(v), _PHYSICAL[reading.kind], reading.zone)


def _decide_mixed(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    index: int,
    readings: tuple[Reading, ...],
    *,
    strict: bool,
) -> tuple[InferredType, Notice | None]:
    """A closer look at one column whose first reading does not take every value."""
    v = trimmed(index)
    decimals = f" FILTER (WHERE {DECIMAL.testing(v)})"
    measures = [f"count({v})", f"count(*) FILTER (WHERE {_identifier(v)})", *_digits(v, decimals)]
    for reading in readings:
        measures.append(f"count(*) FILTER (WHERE {reading.testing(v)})")
        measures.append(f"count(*) FILTER (WHERE {_misfit(reading, v)} AND upper({v}) IN {_MARKERS})")
    row = connection.execute(f"SELECT {', '.join(measures)} FROM source").fetchone()
    assert row is not None
    present, identifiers, whole, fraction, *counts = row
    for place, reading in enumerate(readings):
        matched, markers = counts[2 * place : 2 * place + 2]
        fits = matched and matched + markers == present and not (identifiers and reading in NUMERIC)
        typed = _typed(reading, v, whole, fraction) if fits else None
        if typed is not None:
            typed, notice = _with_markers(table, index, typed, markers)
            if reading is NUMBER and DECIMAL in readings and counts[2 * readings.index(DECIMAL)] == matched:
                notice = _rounded_notice(table, index)  # every value is a decimal, too long for one type
            return typed, notice
    text = _as_text(index)
    weakest, fitting = readings[-1], counts[-2]
    if fitting * 2 <= present - counts[-1]:
        return text, None
    quantities = fitting - (identifiers if weakest is NUMBER else 0)
    return text, _misfit_notice(connection, table, index, weakest, (present, quantities), strict=strict)


def _with_markers(
    table: Table, index: int, typed: InferredType, markers: int
) -> tuple[InferredType, Notice | None]:
    if not markers:
        return typed, None
    v = trimmed(index)
    expression = f"CASE WHEN upper({v}) IN {_MARKERS} THEN NULL ELSE {typed.expression} END"
    return replace(typed, expression=expression), _markers_notice(table.names[index], markers)


def _markers_notice(name: str, count: int) -> Notice:
    return Notice(
        "markers-read-as-missing",
        Message(
            "{count:,} values of {name} such as NA, NULL or - were read as missing.",
            count=count,
            name=shown(name),
        ),
        name,
    )


def _rounded_notice(table: Table, index: int) -> Notice:
    message = Message(
        "Column {column} has numbers of more than {limit} digits together, before and after the point: they are read as"
        " binary floating point, which rounds them. To keep them as they are written, declare the column as text with"
        " PUT /v1/products/{{product_id}}/columns.",
        column=shown(table.names[index]),
        limit=MAX_DIGITS,
    )
    return Notice("read-as-floating-point", message, table.names[index])


def _identifier(v: str) -> str:
    """SQL that is true for whole numbers too long to be quantities."""
    return f"(regexp_full_match({v}, '{INTEGER.pattern}') AND NOT coalesce({INTEGER.testing(v)}, false))"


def _misfit(reading: Reading, v: str) -> str:
    return f"({v} IS NOT NULL AND NOT coalesce({reading.testing(v)}, false))"


def _misfit_notice(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    index: int,
    reading: Reading,
    counts: tuple[int, int],
    *,
    strict: bool,
) -> Notice | None:
    """Name the first value that is not like the rest of its column.

    :raises FileRefused: the column is meant as dates or times, and ``strict`` is asked for.
    """
    v = trimmed(index)
    misfit = f"{_misfit(reading, 'v')} AND upper(v) NOT IN {_MARKERS}"
    if reading is NUMBER:
        misfit = f"({misfit}) OR {_identifier('v')}"
    found = connection.execute(
        f"SELECT row, v FROM (SELECT row_number() OVER () - 1 AS row, {v} AS v FROM source) "
        f"WHERE {misfit} LIMIT 1"
    ).fetchone()
    if found is None:
        return None
    line, value, name = table.line_of(found[0]), str(found[1]), table.names[index]
    present, fitting = counts
    place = {"line": line, "column": shown(name), "value": shown(value), "why": why_not(value, reading)}
    detail = (
        Message(
            "Line {line}, column {column}: {value} {why} ({fitting:,} of {present:,} values are of that type).",
            **place,
            fitting=fitting,
            present=present,
        )
        if fitting
        else Message("Line {line}, column {column}: {value} {why}.", **place)
    )
    if strict and reading.kind in DATED_KINDS:
        raise MixedColumn(
            detail,
            remedy=Message(
                "Correct or empty the value, or add strict=false to the address of the upload to keep the column as"
                " text. A column that mixes ways to write dates is read when it is declared:"
                " PUT /v1/products/{product_id}/columns."
            ),
            line=line,
            column=name,
            value=value[:200],
        )
    told = [detail, Message("The column is kept as text.")]
    if (form := number_format(value)) is not None:
        told.append(declaration(Kind.DECIMAL, form))
    return Notice("kept-as-text", joined(told, " "), name, line)
