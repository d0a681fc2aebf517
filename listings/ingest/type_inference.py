"""What type is each column of a table of texts? Every value is verified, by SQL over the view ``source``.

A column that is expected is read with the type it is expected to have; what does not fit is named. Any other column's
type is inferred.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import duckdb

from infra.messages import Message, joined
from listings.ingest.errors import MixedColumn, shown
from listings.ingest.expected_types import Usual, read_expected, usual
from listings.ingest.hints import declaration, hint, number_format
from listings.ingest.limits import Limits
from listings.ingest.lines import LineColumn, verify_lines
from listings.ingest.readings import (
    BLANKS,
    DATED_KINDS,
    DECIMAL,
    INTEGER,
    MISSING_MARKERS,
    NUMBER,
    NUMERIC,
    Reading,
    candidates,
    is_marker,
    why_not,
)
from listings.ingest.result import Kind, Notice
from listings.ingest.table import (
    COLUMNS_AT_ONCE,
    InferredType,
    Table,
    as_text,
    digit_counts,
    markers_notice,
    trimmed,
    type_of,
)

SAMPLE_ROWS = 5_000
SAMPLE_CELLS = 200_000
SAMPLE_LENGTH = 300
"""Characters of a value that are looked at for a suggestion; longer ones are text."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a column's first values suggest.

    :param readings: worth verifying, strictest first.
    :param value: SQL of a value: trimmed only where a first value has blanks around it, since trimming costs more
        than verifying. A blank further down fails its reading, and the column is looked at more closely.
    """

    readings: tuple[Reading, ...]
    value: str

    def measures(self) -> list[str]:
        """SQL: values of the column, those of the first reading, and digits of the longest whole part and fraction."""
        first = self.readings[0]
        digits = digit_counts(self.value) if first is DECIMAL else ["NULL", "NULL"]
        return [f"count({self.value})", f"count(*) FILTER (WHERE {first.testing(self.value)})", *digits]

    def type_of(self, _rows: int, counts: Sequence[int | None]) -> InferredType | None:
        """The type of the column when its first reading takes every value."""
        count, matched, whole, fraction = counts
        return type_of(self.readings[0], self.value, whole, fraction) if matched == count else None


class Inferred(NamedTuple):
    """What was found: the number of rows; per column its type and the bytes of its longest text; what to tell.

    Where lines were verified, ``widest`` are bytes that the texts of a row have together at most, which stand for each
    column's longest too; and columns are converted by casts that fail where a pattern was not enough.
    """

    rows: int
    types: list[InferredType]
    longest: list[int]
    notices: list[Notice]
    widest: int | None = None


def infer_types(
    connection: duckdb.DuckDBPyConnection, table: Table, limits: Limits | None, *, strict: bool
) -> "Inferred":
    """Read the view ``source`` to its end and find the type of every column.

    :param limits: of the lines of the table's file, which are verified first; None to test every value at once.
    :param strict: refuse a column of dates or times that holds something else.
    :returns: see :class:`Inferred`.
    :raises FileRefused: values do not fit what is expected; or a column is mixed, and strict is asked for.
    """
    suggested, notices = _suggest(connection, table)
    types = [as_text(table, index) for index in range(len(table.names))]
    rows, longest, undecided, widest = _verify(connection, table, suggested, types, limits)
    expected = [index for index in undecided if table.expected[index] is not None]
    notices += read_expected(connection, table, expected, rows, types)
    for index in undecided:
        suggestion = suggested.get(index)
        if isinstance(suggestion, Suggestion):
            types[index], notice = _decide_mixed(connection, table, index, suggestion.readings, strict=strict)
            if notice:
                notices.append(notice)
    return Inferred(rows, types, longest, notices, widest)


def _suggest(
    connection: duckdb.DuckDBPyConnection, table: Table
) -> tuple[dict[int, Suggestion | Usual], list[Notice]]:
    """What each column's first values suggest; inferred columns empty there are looked for further down.

    :returns: suggestions, and what to tell of columns that would be of a type if it were declared.
    """
    wanted = max(100, min(SAMPLE_ROWS, SAMPLE_CELLS // len(table.names)))
    shown = ", ".join(f"left(c{i}, {SAMPLE_LENGTH})" for i in range(len(table.names)))
    rows = connection.execute(f"SELECT {shown} FROM source LIMIT {wanted}").fetchall()
    suggested: dict[int, Suggestion | Usual] = {}
    notices = []
    for index in range(len(table.names)):
        first = [row[index] for row in rows if row[index] is not None]
        sample = [text for value in first if (text := value.strip(BLANKS))]
        value = f"c{index}" if sample == first else trimmed(index)
        if (expected := table.expected[index]) is not None:
            if (known_way := usual(expected, value, sample)) is not None:
                suggested[index] = known_way
            continue
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
    """What the pass over the file has found: rows, each column's longest text, columns that need a closer look."""

    rows: int
    longest: list[int]
    undecided: list[int]
    widest: int | None = None


def _verify(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    suggested: dict[int, Suggestion | Usual],
    types: list[InferredType],
    limits: Limits | None,
) -> _Verified:
    """Read the whole file: count the rows, and decide each column whose first reading takes every value.

    One pass does for most tables. Wide ones take more: planning a query grows faster than its columns.

    :param types: of all columns; those that are decided are set.
    """
    rows, undecided = 0, []
    rest = list(range(len(types)))
    longest, widest = [0] * len(types), None
    if limits is not None and table.plain:
        columns = [_line_column(table, index, suggested.get(index)) for index in rest]
        lines = verify_lines(connection, table, columns, limits)
        if lines is not None:
            rows, widest = lines
            longest = [widest] * len(types)
            rest = [i for i in rest if not _decide(types, i, columns[i], suggested.get(i))]
    for start in range(0, len(rest), COLUMNS_AT_ONCE):
        some = rest[start : start + COLUMNS_AT_ONCE]
        measures = ["count(*)"]
        for index in some:
            measures.append(f"coalesce(max(strlen(c{index})), 0)")
            suggestion = suggested.get(index)
            measures += suggestion.measures() if suggestion is not None else ["NULL"] * 4
        rows, *found = connection.execute(f"SELECT {', '.join(measures)} FROM source").fetchone() or (0,)
        for place, index in enumerate(some):
            length, *counts = found[5 * place : 5 * place + 5]
            longest[index] = int(length)
            suggestion, expected = suggested.get(index), table.expected[index]
            decided = suggestion.type_of(rows, counts) if suggestion is not None else None
            if decided is not None:
                types[index] = decided
            elif suggestion is not None or (
                expected is not None and (expected.kind is not Kind.TEXT or not expected.nullable)
            ):
                undecided.append(index)
    return _Verified(int(rows), longest, undecided, widest)


def _line_column(table: Table, index: int, suggestion: Suggestion | Usual | None) -> LineColumn:
    """What a column's values must look like in their lines."""
    expected = table.expected[index]
    if suggestion is None:
        left = expected is not None and (expected.kind is not Kind.TEXT or not expected.nullable)
        return LineColumn(left=left)
    plain = suggestion.value == f"c{index}"
    if isinstance(suggestion, Suggestion):
        return LineColumn(suggestion.readings, left=not plain)
    complete, digits = not suggestion.expected.nullable, suggestion.expected.digits
    bounds = digits if suggestion.reading is DECIMAL else None
    return LineColumn((suggestion.reading,), complete, bounds, left=not plain)


def _decide(
    types: list[InferredType],
    index: int,
    column: LineColumn,
    suggestion: Suggestion | Usual | None,
) -> bool:
    """Set the type of a column whose values were verified by lines; False where they were not."""
    if column.left:
        return False
    if suggestion is None:
        return True
    if isinstance(suggestion, Suggestion):
        suggestion = replace(suggestion, readings=column.ways)
    typed = suggestion.type_of(1, [1, 1, column.whole, column.fraction])
    if typed is None:
        return False
    (way, *_) = column.ways
    surely = typed.expression if way is DECIMAL else way.surely(suggestion.value)
    types[index] = replace(typed, expression=surely)
    return True


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
    measures = [f"count({v})", f"count(*) FILTER (WHERE {_identifier(v)})", *digit_counts(v, decimals)]
    measures.append(f"count(*) FILTER (WHERE regexp_full_match({v}, '{NUMBER.pattern}'))")
    measures.append(f"count(*) FILTER (WHERE {NUMBER.testing(v)} AND NOT {_identifier(v)})")
    for reading in readings:
        measures.append(f"count(*) FILTER (WHERE {reading.testing(v)})")
        measures.append(f"count(*) FILTER (WHERE {_misfit(reading, v)} AND {is_marker(v)})")
    row = connection.execute(f"SELECT {', '.join(measures)} FROM source").fetchone()
    assert row is not None
    present, identifiers, whole, fraction, numbers, quantities, *counts = row
    for place, reading in enumerate(readings):
        matched, markers = counts[2 * place : 2 * place + 2]
        fits = matched and matched + markers == present and not (identifiers and reading in NUMERIC)
        typed = type_of(reading, v, whole, fraction) if fits else None
        if typed is not None:
            return _with_markers(table, index, typed, markers)
    text = as_text(table, index)
    weakest, alike, fitting = readings[-1], counts[-2], counts[-2]
    if weakest is NUMBER:  # long ones too are written as numbers, and are none that it holds
        alike, fitting = numbers, quantities
    if alike * 2 <= present - counts[-1]:
        return text, None
    return text, _misfit_notice(connection, table, index, weakest, (present, fitting), strict=strict)


def _with_markers(
    table: Table, index: int, typed: InferredType, markers: int
) -> tuple[InferredType, Notice | None]:
    if not markers:
        return typed, None
    v = trimmed(index)
    expression = f"CASE WHEN {is_marker(v)} THEN NULL ELSE {typed.expression} END"
    return replace(typed, expression=expression), markers_notice(table.names[index], markers)


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
    misfit = f"{_misfit(reading, 'v')} AND NOT {is_marker('v')}"
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
                "Correct or empty the value, or take out the line if it is no data (a second header, a total); or add"
                " strict=false to the address of the upload to keep the column as text. A column that mixes ways to"
                " write dates is read when it is declared: PUT /v1/products/{product_id}/columns."
            ),
            line=line,
            column=name,
            value=value[:200],
        )
    told = [detail, Message("The column is kept as text.")]
    if (form := number_format(value)) is not None:
        told.append(declaration(Kind.DECIMAL, form))
    elif reading is NUMBER and NUMBER.fits(value) and not INTEGER.fits(value):
        told.append(declaration(Kind.NUMBER, None))
    return Notice("kept-as-text", joined(told, " "), name, line)
