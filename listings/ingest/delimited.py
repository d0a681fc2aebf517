"""CSV to Parquet with DuckDB: read every value as text, verify each, then convert with explicit types.

Two passes over the file, both streaming. Nothing is guessed from a sample alone: the sample only says which
readings are worth verifying. DuckDB reads fast and Python's csv module is the arbiter: when DuckDB cannot read
a file, the arbiter either names the broken line or, where the file is merely untidy (mixed line ends), writes
it again.

Surplus empty values at the end of a line are dropped, as spreadsheets leave them; surplus values that are not
empty, and missing ones, make a row ragged.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import duckdb

from infra.messages import Message
from listings.ingest import sniff
from listings.ingest.errors import FileRefused, FileTooLarge, HeaderOnly, RaggedRow, TruncatedFile, shown
from listings.ingest.limits import PLAIN_VALUE_BYTES, Limits
from listings.ingest.measures import row_too_large, total_of, value_too_large
from listings.ingest.names import names_bytes
from listings.ingest.progress import Reporter
from listings.ingest.records import Dropped, readable_records, records
from listings.ingest.result import Column, IngestPhase, Kind, Notice
from listings.ingest.table import InferredType, Table, markers_notice, source_view, trimmed
from listings.ingest.type_inference import Inferred, infer_types
from listings.ingest.writing import literal, quoted, widest_stored, write_rows


def convert_csv(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    target: Path,
    limits: Limits,
    reporter: Reporter,
    *,
    strict: bool,
    lenient: bool = False,
) -> tuple[list[Column], list[Notice]]:
    """Type every column and write the Parquet file, rows in their order.

    :param strict: refuse a column that is meant as dates or times and holds something else; otherwise such a
        column is kept as text with a notice, which is always done for numbers: ``12A`` among house numbers is
        ordinary, ``17`` among dates is damage.
    :param lenient: drop records that cannot be read, and tell which.
    :raises FileRefused: the file is ragged, cut off or malformed, has no rows, or has a mixed column (strict).
    """
    dropped = Dropped() if lenient else None
    reporter.enter(IngestPhase.VERIFYING)
    told = []
    if not table.spooled and sniff.has_blank_line(table.path, at_start=len(table.names) > 1):
        # DuckDB takes it for the header, or for a row of one column; the arbiter passes over it.
        # A first line that is blank, as one that stated the separator was made, stands for no value.
        before_header = sniff.has_blank_line(table.path, at_start=True)
        table = _rewritten(table, target.with_name("rewritten.csv"), limits, dropped)
        if len(table.names) == 1 and not before_header:
            told.append(_blank_lines(table.names[0]))
    try:
        found = _examine(connection, table, limits, strict=strict)
        columns, notices = _write(connection, table, target, limits, reporter, found, at_once=True)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:  # lines that matched hold a date that is none; or only the arbiter can tell
        found, table = _examine_closely(connection, table, target, limits, dropped, strict=strict)
        columns, notices = _write(connection, table, target, limits, reporter, found, at_once=False)
    told += [
        markers_notice(column.name, count)
        for column in columns
        if (count := table.empty.get(column.name)) and column.kind is not Kind.TEXT
    ]
    return columns, notices + told + (dropped.notices(found.rows) if dropped is not None else [])


def _blank_lines(name: str) -> Notice:
    message = Message(
        "Blank lines were passed over. Where one of them stands for a missing value of {name}, write two quotes in it.",
        name=shown(name),
    )
    return Notice("blank-lines", message, name)


def _examine_closely(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    target: Path,
    limits: Limits,
    dropped: Dropped | None,
    *,
    strict: bool,
) -> tuple[Inferred, Table]:
    """Test every value, of a file that the arbiter has written again where DuckDB cannot read it."""
    try:
        return _examine(connection, table, limits, strict=strict, by_lines=False), table
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        table = _rewritten(table, target.with_name("rewritten.csv"), limits, dropped)
        return _examine(connection, table, limits, strict=strict, by_lines=False), table


def _write(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    target: Path,
    limits: Limits,
    reporter: Reporter,
    found: Inferred,
    *,
    at_once: bool,
) -> tuple[list[Column], list[Notice]]:
    """Write the Parquet file of columns whose types are known.

    :param at_once: have DuckDB's reader read the values of the columns that it may.
    """
    reporter.expect(found.rows)
    reporter.enter(IngestPhase.WRITING)
    typed = found.types
    kept = list(range(len(table.names)))
    while _is_padding(connection, table, kept[-1], found.longest[kept[-1]]):
        kept.pop()
    dropped = {table.names[i] for i in range(len(kept), len(table.names))}
    notices = [notice for notice in found.notices if notice.column not in dropped]
    if (
        found.widest is None
        or found.widest > limits.cell_bytes
        or not _fits(table, kept, found.widest, limits)
    ):
        _require_lengths(connection, table, kept, found.longest, limits)
    widest = widest_stored([found.longest[i] for i in kept if typed[i].kind is Kind.TEXT], len(kept))
    if found.widest is not None:
        widest = min(widest, widest_stored([found.widest], len(kept)))
    direct = _read_at_once(table, typed) if at_once else {}
    connection.execute(source_view(_source(table, limits, direct), table, direct))
    values = {i: f"c{i}" if i in direct else typed[i].expression for i in kept}
    selected = ", ".join(f"{value} AS {quoted(table.names[i])}" for i, value in values.items())
    write_rows(
        connection, f"SELECT {selected} FROM source", [table.names[i] for i in kept], widest, target, limits
    )
    return [_column(table, i, typed[i]) for i in kept], notices


def _read_at_once(table: Table, typed: Sequence[InferredType]) -> dict[int, str]:
    """The physical types of the columns that DuckDB's reader reads: what stands in the file is what they hold."""
    if table.decimal_comma:
        return {}
    return {
        index: one.physical
        for index, one in enumerate(typed)
        if one.direct and not table.empty.get(table.names[index])
    }


def _fits(table: Table, kept: Sequence[int], widest: int, limits: Limits) -> bool:
    """Whether no row can be too wide.

    :param widest: bytes that the texts of a row have together at most.
    """
    names = names_bytes([table.names[i] for i in kept])
    return names + widest + PLAIN_VALUE_BYTES * len(kept) <= limits.row_bytes


def _require_lengths(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    kept: Sequence[int],
    longest: Sequence[int],
    limits: Limits,
) -> None:
    """See that every value and row can be served.

    :param longest: bytes of each column's longest value.
    :raises ValueTooLarge: a value or a row is longer than the limits allow.
    """
    for index in kept:
        if longest[index] > limits.cell_bytes:
            row, size = _largest(connection, f"strlen(c{index})")
            raise value_too_large(table.names[index], row + 1, size, limits, table.line_of(row))
    plain = names_bytes([table.names[i] for i in kept])
    if plain + sum(max(longest[i], PLAIN_VALUE_BYTES) for i in kept) <= limits.row_bytes:
        return
    each = [f"greatest(coalesce(strlen(c{i}), 0), {PLAIN_VALUE_BYTES})" for i in kept]
    row, size = _largest(connection, total_of(each))
    if plain + size > limits.row_bytes:
        raise row_too_large(row + 1, plain + size, limits, table.line_of(row))


def _largest(connection: duckdb.DuckDBPyConnection, measure: str) -> tuple[int, int]:
    """The first row, counted from 0, in which a measure is largest, and how much it is there."""
    found = connection.execute(
        "SELECT arg_max(row, size), max(size) FROM "
        f"(SELECT row_number() OVER () - 1 AS row, {measure} AS size FROM source)"
    ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def _column(table: Table, index: int, typed: InferredType) -> Column:
    name, given = table.names[index], table.given[index]
    return Column(name, given, typed.kind, typed.physical, nullable=True, zone=typed.zone)


def _source(table: Table, limits: Limits, types: Mapping[int, str] = MappingProxyType({})) -> str:
    """SQL that reads the file.

    :param types: of columns that are not read as texts.
    """
    columns = ", ".join(f"'c{i}': '{types.get(i, 'VARCHAR')}'" for i in range(len(table.names)))
    quote, nulls = literal(table.quote), ", ".join(literal(word) for word in ("", *table.null_words))
    return (
        f"read_csv({literal(str(table.path))}, auto_detect=false, header={str(table.header).lower()}, "
        f"delim={literal(table.delimiter)}, quote={quote}, escape={quote}, nullstr=[{nulls}], "
        f"columns={{{columns}}}, strict_mode=true, "
        f"null_padding=false, ignore_errors=false, max_line_size={limits.record_bytes}, "
        f"allow_quoted_nulls={str(not table.spooled).lower()})"
    )


def _rewritten(table: Table, copy: Path, limits: Limits, dropped: Dropped | None) -> Table:
    """The table rewritten in the plainest form, when DuckDB could not read it as it came.

    :param dropped: is told of records that cannot be read, which are left out; None to refuse them.
    :raises FileRefused: it cannot be read at all; names the line.
    """
    width = len(table.names)
    wrong: tuple[int, list[str]] | None = None
    with copy.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if dropped is None:
            found = records(table.path, table.delimiter, limits, table.quote)
        else:
            found = readable_records(table.path, table.delimiter, limits, table.quote, width, dropped)
        for number, (line, row) in enumerate(found):
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
    return replace(table, path=copy, delimiter=",", quote='"', header=False)


def _cut(line: int, width: int, found: int) -> FileRefused:
    return TruncatedFile(
        Message(
            "The last line ({line}) ends after {found} of {width} values, without a line end: "
            "the file was cut off.",
            line=line,
            found=found,
            width=width,
        ),
        remedy=Message("Upload it again, whole."),
        line=line,
    )


def _ragged(line: int, row: Sequence[str], width: int) -> RaggedRow:
    count = len(row)
    return RaggedRow(
        Message("Line {line} has 1 value where the header has {width}.", line=line, width=width)
        if count == 1
        else Message(
            "Line {line} has {count} values where the header has {width}.",
            line=line,
            count=count,
            width=width,
        ),
        remedy=Message(
            "Give every line one value per column, quote values that contain the delimiter, and leave out lines above"
            " the header; or state the delimiter when uploading: delimiter=comma, semicolon, tab or pipe."
        ),
        line=line,
        expected=width,
        found=count,
    )


def _examine(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    limits: Limits,
    *,
    strict: bool,
    by_lines: bool = True,
) -> Inferred:
    """Read the whole file once and find the type of every column.

    :param by_lines: verify lines first.
    """
    connection.execute(source_view(_source(table, limits), table))
    found = infer_types(connection, table, limits if by_lines else None, strict=strict)
    if not found.rows:
        raise HeaderOnly(
            Message("The file has a header and no rows."),
            remedy=Message("Upload a file with at least one row."),
            line=1,
        )
    _refuse_oversize(found.rows, len(table.names), limits)
    return found


def _refuse_oversize(rows: int, columns: int, limits: Limits) -> None:
    if not limits.allows(rows, columns):
        raise FileTooLarge(
            Message("The table has {rows:,} rows of {columns:,} columns.", rows=rows, columns=columns),
            remedy=Message(
                "Split it into files of at most {rows:,} rows and {cells:,} values.",
                rows=limits.rows,
                cells=limits.cells,
            ),
            rows=rows,
            columns=columns,
        )


def _is_padding(connection: duckdb.DuckDBPyConnection, table: Table, index: int, longest: int) -> bool:
    """Last columns without name or value are what a spreadsheet leaves behind; they are no columns.

    :param longest: bytes of the column's longest value.
    """
    if index == 0 or table.given[index].strip() or table.expected[index] is not None:
        return False
    if longest == 0:
        return True
    found = connection.execute(f"SELECT 1 FROM source WHERE {trimmed(index)} IS NOT NULL LIMIT 1").fetchone()
    return found is None
