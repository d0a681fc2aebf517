"""CSV to Parquet with DuckDB: read every value as text, verify each, then convert with explicit types.

Two passes over the file, both streaming. Nothing is guessed from a sample alone: the sample only says which
readings are worth verifying. DuckDB reads fast and Python's csv module is the arbiter: when DuckDB cannot read
a file, the arbiter either names the broken line or, where the file is merely untidy (mixed line ends), writes
it anew.

Surplus empty values at the end of a line are dropped, as spreadsheets leave them; surplus values that are not
empty, and missing ones, make a row ragged.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from listings.ingest import problems, sniff
from listings.ingest.inference import (
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
from listings.ingest.limits import Limits
from listings.ingest.problems import Refusal, shown
from listings.ingest.result import Column, Kind, Notice

SAMPLE_ROWS = 5_000
SAMPLE_CELLS = 200_000
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
    """

    path: Path
    delimiter: str
    header: bool
    given: tuple[str, ...]
    names: tuple[str, ...]
    allowed: tuple[frozenset[Kind] | None, ...]
    line_of: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Typed:
    """The verdict on one column: its reading (None for text) and the SQL that yields its values."""

    reading: Reading | None
    expression: str
    physical: str


def convert_csv(
    connection: duckdb.DuckDBPyConnection, table: Table, target: Path, limits: Limits, *, strict: bool
) -> tuple[list[Column], list[Notice]]:
    """Type every column and write the Parquet file, rows in their order.

    :param strict: refuse a column that is meant as dates or times and holds something else; otherwise such a
        column is kept as text with a notice, which is always done for numbers: ``12A`` among house numbers is
        ordinary, ``17`` among dates is damage.
    :raises Refusal: the file is ragged, cut off or malformed, has no rows, or has a mixed column (strict).
    """
    try:
        typed, notices = _examine(connection, table, limits, strict=strict)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        table = _rewritten(table, target.with_name("rewritten.csv"), limits)
        typed, notices = _examine(connection, table, limits, strict=strict)
    kept = [i for i in range(len(table.names)) if not _is_padding(connection, table, i)]
    selected = ", ".join(f"{typed[i].expression} AS {_quoted(table.names[i])}" for i in kept)
    connection.execute(
        f"COPY (SELECT {selected} FROM source) TO {_literal(str(target))} "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {limits.rows_per_group(len(kept))})"
    )
    return [_column(table, i, typed[i]) for i in kept], notices


def _column(table: Table, index: int, typed: Typed) -> Column:
    reading = typed.reading
    kind = reading.kind if reading else Kind.TEXT
    zone = reading.zone if reading else None
    return Column(table.names[index], table.given[index], kind, typed.physical, nullable=True, zone=zone)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _source(table: Table, limits: Limits) -> str:
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(table.names)))
    return (
        f"read_csv({_literal(str(table.path))}, auto_detect=false, header={str(table.header).lower()}, "
        f"delim={_literal(table.delimiter)}, quote='\"', escape='\"', columns={{{columns}}}, strict_mode=true, "
        f"null_padding=false, ignore_errors=false, max_line_size={limits.record_bytes})"
    )


def _trimmed(index: int) -> str:
    return f"nullif(trim(c{index}, ' \t\u3000'), '')"


def _rewritten(table: Table, anew: Path, limits: Limits) -> Table:
    """The table written anew in the plainest form, when DuckDB could not read it as it came.

    :raises Refusal: it cannot be read at all; names the line.
    """
    width = len(table.names)
    wrong: tuple[int, list[str]] | None = None
    with anew.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number, (line, row) in enumerate(sniff.records(table.path, table.delimiter, limits)):
            if wrong is not None:
                raise _ragged(*wrong, width)
            if len(row) < width or any(row[width:]):
                wrong = (line, row)
            elif number or not table.header:
                writer.writerow(row[:width])
    if wrong is not None and len(wrong[1]) < width and not sniff.ends_with_newline(table.path):
        raise _cut(wrong[0], width, len(wrong[1]))
    if wrong is not None:
        raise _ragged(*wrong, width)
    return replace(table, path=anew, delimiter=",", header=False)


def _cut(line: int, width: int, found: int) -> Refusal:
    return Refusal(
        problems.TRUNCATED,
        f"The last line ({line}) ends after {found} of {width} values, without a line end: the file was cut off.",
        "Upload it again, whole.",
        line=line,
    )


def _ragged(line: int, row: Sequence[str], width: int) -> Refusal:
    count = len(row)
    return Refusal(
        problems.RAGGED_ROW,
        f"Line {line} has {count} value{'' if count == 1 else 's'} where the header has {width}.",
        "Give every line one value per column; quote values that contain the delimiter.",
        line=line,
        expected=width,
        found=count,
    )


def _examine(
    connection: duckdb.DuckDBPyConnection, table: Table, limits: Limits, *, strict: bool
) -> tuple[list[Typed], list[Notice]]:
    """Read the whole file once and give the verdict on every column."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW source AS SELECT * FROM {_source(table, limits)}")
    suggested = _suggest(connection, table)
    verdicts = [Typed(None, f"c{i}", "VARCHAR") for i in range(len(table.names))]
    rows, unsettled = _settle(connection, suggested, verdicts)
    if not rows:
        raise Refusal(
            problems.HEADER_ONLY,
            "The file has a header and no rows.",
            "Upload a file with at least one row.",
            line=1,
        )
    refuse_oversize(rows, len(table.names), limits)
    notices: list[Notice] = []
    for index in unsettled:
        verdicts[index], notice = _settle_mixed(connection, table, index, suggested[index], strict=strict)
        if notice:
            notices.append(notice)
    return verdicts, notices


def refuse_oversize(rows: int, columns: int, limits: Limits) -> None:
    """Hold a table to the limits.

    :raises Refusal: it has too many rows, or too many values in all.
    """
    if rows > limits.rows or rows * columns > limits.cells:
        raise Refusal(
            problems.TOO_LARGE,
            f"The table has {rows:,} rows of {columns:,} columns.",
            f"Split it into files of at most {limits.rows:,} rows and {limits.cells:,} values.",
            rows=rows,
            columns=columns,
        )


def _is_padding(connection: duckdb.DuckDBPyConnection, table: Table, index: int) -> bool:
    """A last column without name or value is what a spreadsheet leaves behind; it is not a column."""
    if table.given[index].strip() or index + 1 < len(table.names) or index == 0:
        return False
    found = connection.execute(f"SELECT 1 FROM source WHERE {_trimmed(index)} IS NOT NULL LIMIT 1").fetchone()
    return found is None


def _suggest(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[int, tuple[Reading, ...]]:
    """Which readings each column's first values suggest; columns empty there are looked for further down."""
    wanted = max(100, min(SAMPLE_ROWS, SAMPLE_CELLS // len(table.names)))
    rows = connection.execute(f"SELECT * FROM source LIMIT {wanted}").fetchall()
    suggested = {}
    for index in range(len(table.names)):
        sample = [text for row in rows if row[index] is not None and (text := row[index].strip(" \t\u3000"))]
        if not sample and len(rows) == wanted:
            found = connection.execute(
                f"SELECT v FROM (SELECT {_trimmed(index)} AS v FROM source) WHERE v IS NOT NULL LIMIT 1000"
            ).fetchall()
            sample = [text for (text,) in found]
        allowed = table.allowed[index]
        readings = tuple(r for r in candidates(sample) if allowed is None or r.kind in allowed)
        if readings:
            known = [text for text in sample if text.upper() not in MISSING_MARKERS]
            suggested[index] = _from_first_fitting(readings, known)
    return suggested


def _from_first_fitting(readings: tuple[Reading, ...], sample: Sequence[str]) -> tuple[Reading, ...]:
    for position, reading in enumerate(readings):
        if all(reading.fits(text) for text in sample):
            return readings[position:]
    return readings


def _settle(
    connection: duckdb.DuckDBPyConnection, suggested: dict[int, tuple[Reading, ...]], verdicts: list[Typed]
) -> tuple[int, list[int]]:
    """Read the whole file: count the rows, and settle each column whose first reading takes every value.

    One pass does for most tables. Wide ones take more: planning a query grows faster than its columns.

    :returns: the number of rows, and the columns that need a closer look.
    """
    rows, unsettled = 0, []
    columns = list(suggested)
    for start in range(0, max(len(columns), 1), COLUMNS_AT_ONCE):
        some = columns[start : start + COLUMNS_AT_ONCE]
        measures = ["count(*)"]
        for index in some:
            v, first = _trimmed(index), suggested[index][0]
            measures += [f"count({v})", f"count(*) FILTER (WHERE {first.testing(v)})"]
            measures += _digits(v) if first is DECIMAL else ["NULL", "NULL"]
        rows, *found = connection.execute(f"SELECT {', '.join(measures)} FROM source").fetchone() or (0,)
        for place, index in enumerate(some):
            present, matched, whole, fraction = found[4 * place : 4 * place + 4]
            fits = matched == present
            verdict = _typed(suggested[index][0], _trimmed(index), whole, fraction) if fits else None
            if verdict is None:
                unsettled.append(index)
            else:
                verdicts[index] = verdict
    return int(rows), unsettled


def _digits(v: str, only: str = "") -> list[str]:
    """SQL for the longest whole part and the longest fraction, in digits, where the values are decimals."""
    point, negative = f"instr({v}, '.')", f"CAST(starts_with({v}, '-') AS INTEGER)"
    return [
        f"max(CASE WHEN {point} > 0 THEN {point} - 1 ELSE strlen({v}) END - {negative}){only}",
        f"max(CASE WHEN {point} > 0 THEN strlen({v}) - {point} ELSE 0 END){only}",
    ]


def _typed(reading: Reading, v: str, whole: int | None, fraction: int | None) -> Typed | None:
    """How to convert to a reading that fits; None where whole numbers are too long to be quantities."""
    if reading is DECIMAL and (whole or 0) + (fraction or 0) > MAX_DIGITS and fraction:
        reading = NUMBER
    if reading is DECIMAL:
        if not fraction:
            return None
        physical = f"DECIMAL({(whole or 0) + fraction},{fraction})"
        return Typed(reading, f"CAST({v} AS {physical})", physical)
    return Typed(reading, reading.reading(v), _PHYSICAL[reading.kind])


def _settle_mixed(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    index: int,
    readings: tuple[Reading, ...],
    *,
    strict: bool,
) -> tuple[Typed, Notice | None]:
    """A closer look at one column whose first reading does not take every value."""
    v = _trimmed(index)
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
            return _with_markers(table, index, typed, markers)
    text = Typed(None, f"c{index}", "VARCHAR")
    weakest, fitting = readings[-1], counts[-2]
    if fitting * 2 <= present - counts[-1]:
        return text, None
    return text, _misfit_notice(connection, table, index, weakest, (present, fitting), strict=strict)


def _with_markers(table: Table, index: int, typed: Typed, markers: int) -> tuple[Typed, Notice | None]:
    if not markers:
        return typed, None
    v = _trimmed(index)
    expression = f"CASE WHEN upper({v}) IN {_MARKERS} THEN NULL ELSE {typed.expression} END"
    name = table.names[index]
    message = f"{markers:,} values of {name} such as NA, NULL or - were read as missing."
    return replace(typed, expression=expression), Notice("markers-read-as-missing", message, name)


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

    :raises Refusal: the column is meant as dates or times, and ``strict`` is asked for.
    """
    v = _trimmed(index)
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
    detail = (
        f"Line {line}, column {shown(name)}: {shown(value)} {why_not(value, reading)}"
        f" ({fitting:,} of {present:,} values are of that type)."
    )
    if strict and reading.kind in DATED_KINDS:
        raise Refusal(
            problems.MIXED_COLUMN,
            detail,
            "Correct or empty the value, or upload with strict=false to keep the column as text.",
            line=line,
            column=name,
            value=value[:200],
        )
    return Notice("kept-as-text", f"{detail} The column is kept as text.", name, line)
