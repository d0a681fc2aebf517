"""The light profile of a finished revision, read back from its Parquet file by DuckDB."""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from listings.ingest.distribution import distributed
from listings.ingest.limits import PLAIN_VALUE_BYTES
from listings.ingest.measures import total_of
from listings.ingest.names import names_bytes
from listings.ingest.result import Column, ColumnProfile, KeyProfile, Kind
from listings.ingest.shown import read_shown, shown
from listings.ingest.writing import literal, quoted

EXACT_DISTINCT_CELLS = 5_000_000
NARROW_COLUMNS = 300  # wider tables get counts and extremes only
FEW_VALUES = 20
SHAPE_SAMPLE = 1_000
SHAPE_SHARE = 0.99
SHAPE_LENGTH = 32
WORDS = ("^[a-z]+$", "^[A-Z]+$", "^[A-Za-z]+$", "^[A-Za-z ]+$", "^[一-龥]+$")
"""Alphabets of words, as shapes, that a column of few values may be of."""

_PLACED = ("[0-9]", "[A-Z]", "[a-z]", "-", "_", "[.]", "/", "[A-Z0-9]")
_MAX_RUNS = 8
SAMPLE_ROWS = 20
SAMPLE_TEXT = 200
SAMPLE_TEXT_LEAST = 10
REPEATED = 10
"""How often the values of a column repeat that are looked at once each, for what takes longer than to group them."""

SAMPLE_CHARACTERS = 1_000_000
"""Of all rows of a sample together."""

_COLUMNS_AT_ONCE = 200
_EXACT_AT_ONCE = 16  # an exact count holds several megabytes per column and thread
_ORDERED = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER, Kind.DATE, Kind.TIMESTAMP})
_DATED = frozenset({Kind.DATE, Kind.TIMESTAMP})


def profile(
    connection: duckdb.DuckDBPyConnection, target: Path, columns: list[Column]
) -> tuple[int, list[Column], list[ColumnProfile], tuple[KeyProfile, ...]]:
    """Count, and describe every column.

    :returns: the number of rows, the columns with ``nullable`` and ``physical`` as they are in the file, one profile
        for each, and the columns that may identify a row together.
    """
    file = f"{literal(str(target))}, hive_partitioning = false"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW revision AS SELECT * FROM read_parquet({file})")
    described = connection.execute("DESCRIBE revision").fetchall()
    (rows,) = connection.execute("SELECT count(*) FROM revision").fetchone() or (0,)
    narrow = len(columns) <= NARROW_COLUMNS
    exact = narrow and rows * len(columns) <= EXACT_DISTINCT_CELLS
    profiles: list[ColumnProfile] = []
    keys: tuple[KeyProfile, ...] = ()
    step = _EXACT_AT_ONCE if exact else _COLUMNS_AT_ONCE
    for start in range(0, len(columns), step):
        profiles += _measured(connection, columns[start : start + step], rows, exact)
    if narrow:
        profiles = [_detailed(connection, c, p, rows) for c, p in zip(columns, profiles, strict=True)]
        profiles, keys = distributed(connection, file, columns, profiles, int(rows))
    settled = [
        replace(column, nullable=measured.nulls > 0, physical=str(line[1]))
        for column, measured, line in zip(columns, profiles, described, strict=True)
    ]
    return int(rows), settled, profiles, keys


def widest_row(connection: duckdb.DuckDBPyConnection, columns: list[Column]) -> int:
    """Bytes of the widest row of the view that :func:`profile` made: names, texts, and a bound for other values."""
    texts = [
        f"greatest(coalesce(strlen({quoted(c.name)}), 0), {PLAIN_VALUE_BYTES})"
        for c in columns
        if c.kind is Kind.TEXT
    ]
    plain = names_bytes([column.name for column in columns]) + PLAIN_VALUE_BYTES * (len(columns) - len(texts))
    if not texts:
        return plain
    (widest,) = connection.execute(f"SELECT max({total_of(texts)}) FROM revision").fetchone() or (0,)
    return plain + int(widest or 0)


def first_rows(connection: duckdb.DuckDBPyConnection, columns: list[Column]) -> tuple[dict[str, Any], ...]:
    """The first rows of the view that :func:`profile` made, by column name, as they are shown.

    A long text is cut where it is read and ends in an ellipsis; in a wide table, sooner.
    """
    longest = max(SAMPLE_TEXT_LEAST, min(SAMPLE_TEXT, SAMPLE_CHARACTERS // (SAMPLE_ROWS * len(columns))))
    rows: list[dict[str, Any]] = []
    for start in range(0, len(columns), _COLUMNS_AT_ONCE):
        some = columns[start : start + _COLUMNS_AT_ONCE]
        members = ", ".join(f"'{place}': {_sampled(column, longest)}" for place, column in enumerate(some))
        found = connection.execute(
            f"SELECT CAST(to_json({{{members}}}) AS VARCHAR) FROM revision LIMIT {SAMPLE_ROWS}"
        ).fetchall()
        rows = rows or [{} for _ in found]
        for row, (text,) in zip(rows, found, strict=True):
            values = read_shown(text)
            row.update({column.name: _without_nul(values[f"{place}"]) for place, column in enumerate(some)})
    return tuple(rows)


def _sampled(column: Column, longest: int) -> str:
    name = quoted(column.name)
    if column.kind is Kind.TEXT:
        return f"CASE WHEN length({name}) > {longest} THEN left({name}, {longest - 1}) || '…' ELSE {name} END"
    return shown(column, name)


def _without_nul(value: Any) -> Any:
    """A value as PostgreSQL can keep it: NUL becomes the replacement character."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _measured(
    connection: duckdb.DuckDBPyConnection, columns: list[Column], rows: int, exact: bool
) -> list[ColumnProfile]:
    measures: list[str] = []
    for column in columns:
        name = quoted(column.name)
        distinct = f"count(DISTINCT {name})" if exact else f"approx_count_distinct({name})"
        measures += [f"count({name})", distinct]
        if column.kind in _ORDERED:
            # Infinities are no values that JSON, or a reader, has a use for.
            finite = f" FILTER (isfinite({name}))" if column.kind is Kind.NUMBER else ""
            extremes = [f"CAST({of}({name}){finite} AS VARCHAR)" for of in ("min", "max")]
            measures += [*extremes, "NULL", "NULL"]
        elif column.kind is Kind.TEXT:
            measures += ["NULL", "NULL", f"min(length({name}))", f"max(length({name}))"]
        else:
            measures += ["NULL"] * 4
    found: list[Any] = list(
        connection.execute(f"SELECT {', '.join(measures)} FROM revision").fetchone() or ()
    )
    profiles = []
    for place, column in enumerate(columns):
        present, distinct_count, low, high, shortest, longest = found[6 * place : 6 * place + 6]
        profiles.append(
            ColumnProfile(
                column.name,
                rows - present,
                min(distinct_count, present),
                exact,
                low,
                high,
                shortest,
                longest,
            )
        )
    return profiles


def _detailed(
    connection: duckdb.DuckDBPyConnection, column: Column, measured: ColumnProfile, rows: int
) -> ColumnProfile:
    name = quoted(column.name)
    present = rows - measured.nulls
    if column.kind in _DATED and present:
        (falls,) = connection.execute(
            f"SELECT count(*) FROM (SELECT {name} < lag({name}) OVER () AS falls FROM revision) WHERE falls"
        ).fetchone() or (0,)
        return replace(measured, increasing=falls == 0)
    if column.kind is Kind.BOOLEAN and present:
        return replace(measured, values=_values(connection, name))
    if column.kind is not Kind.TEXT or not present:
        return measured
    if (
        measured.distinct <= FEW_VALUES
        and measured.distinct * 5 <= present
        and (measured.length_max or 0) <= 100
    ):
        measured = replace(measured, values=_values(connection, name))
        share = SHAPE_SHARE * present
        return replace(measured, shape=_shape_of_few(connection, name, measured.values, share))
    sample = connection.execute(
        f"SELECT left({name}, {SHAPE_LENGTH + 1}) FROM revision WHERE {name} IS NOT NULL LIMIT {SHAPE_SAMPLE}"
    ).fetchall()
    shape = shape_of([value for (value,) in sample])
    if shape is not None:
        # Of values that repeat each is looked at once, under names of our own: the column may have any.
        repeat = measured.distinct * REPEATED < rows
        each = f"SELECT {name} AS t, {'count(*)' if repeat else '1'} AS n FROM revision"
        (fitting,) = connection.execute(
            f"SELECT coalesce(sum(n), 0) FROM ({each}{' GROUP BY 1' if repeat else ''}) WHERE regexp_full_match(t, ?)",
            [shape],
        ).fetchone() or (0,)
        shape = shape if fitting >= SHAPE_SHARE * present else None
    return replace(measured, shape=shape)


def _shape_of_few(
    connection: duckdb.DuckDBPyConnection, name: str, values: tuple[str, ...], least: float
) -> str | None:
    """The alphabet of a few words that repeat: that of so many rows, told without their lengths."""
    counted = connection.execute(
        f"SELECT CAST({name} AS VARCHAR) AS t, count(*) FROM revision WHERE {name} IS NOT NULL GROUP BY 1"
    ).fetchall()
    code = shape_of([value for value, count in counted for _ in range(min(count, SHAPE_SAMPLE))])
    one_length = len({len(value) for value, _ in counted}) == 1
    shapes = ([code, *WORDS] if one_length else [*WORDS, code]) if code is not None else WORDS
    for shape in shapes:
        if sum(count for value, count in counted if re.fullmatch(shape, value)) >= least:
            return shape
    return None


def _values(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[str, ...]:
    found = connection.execute(
        f"SELECT DISTINCT CAST({name} AS VARCHAR) AS v FROM revision WHERE {name} IS NOT NULL ORDER BY v"
    ).fetchall()
    return tuple(value for (value,) in found[: FEW_VALUES * 2])


def shape_of(values: list[str]) -> str | None:
    """A regular expression for a code-like column: one alphabet, few lengths. None where there is no shape.

    Codes of one length that are letters in some places and digits in others are told place by place.
    """
    lengths = {len(value) for value in values}
    if len(values) < 20 or max(lengths) > SHAPE_LENGTH or max(lengths) - min(lengths) > 2:
        return None
    if len(lengths) == 1 and (placed := _by_place(values)) is not None:
        return placed
    for alphabet in ("[0-9]", "[A-Z]", "[A-Z0-9]", "[A-Z0-9-]", "[A-Za-z0-9_-]"):
        if all(re.fullmatch(f"{alphabet}+", value) for value in values):
            low, high = min(lengths), max(lengths)
            return f"^{alphabet}{{{low}}}$" if low == high else f"^{alphabet}{{{low},{high}}}$"
    return None


def _by_place(values: list[str]) -> str | None:
    """A shape of letters and digits each in their places: ``^[A-Z][0-9]{3}$``. None where all places are alike."""
    classes: list[str] = []
    for characters in zip(*values, strict=True):
        held = set(characters)
        known = next((one for one in _PLACED if all(re.fullmatch(one, c) for c in held)), None)
        if known is None:
            return None
        classes.append(known)
    runs = [(one, len(list(same))) for one, same in groupby(classes)]
    if len(runs) == 1 or len(runs) > _MAX_RUNS:
        return None
    return "^" + "".join(one if count == 1 else f"{one}{{{count}}}" for one, count in runs) + "$"
