"""How the values of a finished revision are distributed: percentiles, a histogram, the most frequent values.

They are taken of rows in blocks that lie evenly over the file, and of all rows of a small one: they cost the same for
any file, and are the same each time.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and numbers of our own, in a sandbox

from dataclasses import replace
from typing import Any

import duckdb

from listings.ingest.keys import find_keys
from listings.ingest.result import Column, ColumnProfile, KeyProfile, Kind
from listings.ingest.writing import quoted

PERCENTILES = tuple(step / 20 for step in range(21))
"""Of the smallest value, every twentieth, and the largest."""

BINS = 20
TOP = 20
LEAST_SHARE = 100
"""A frequent value is that of one row in so many at least: one that is rarer may be somebody's."""

LEAST_COUNT = 5
LONGEST_VALUE = 40

_BLOCKS = 32
_BLOCK_ROWS = 2048
_CELLS = 1_000_000
_ROW = "file_row_number"
_RANKED = frozenset({Kind.DATE, Kind.DECIMAL, Kind.INTEGER, Kind.NUMBER, Kind.TIMESTAMP})
_COUNTED = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.TEXT})


def distributed(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    columns: list[Column],
    profiles: list[ColumnProfile],
    rows: int,
) -> tuple[list[ColumnProfile], tuple[KeyProfile, ...]]:
    """The profiles with how the values are distributed, and the columns that may identify a row together.

    :param file: the arguments of ``read_parquet``.
    """
    if not rows or not columns or any(column.name.casefold() == _ROW for column in columns):
        return profiles, ()
    drawn = _draw(connection, file, columns, rows)
    found = [
        _distribution(connection, place, column, measured, drawn)
        for place, (column, measured) in enumerate(zip(columns, profiles, strict=True))
    ]
    keys = find_keys(connection, columns, found, rows)
    connection.execute("DROP TABLE drawn")
    return found, keys


def _draw(connection: duckdb.DuckDBPyConnection, file: str, columns: list[Column], rows: int) -> int:
    """Put the rows into a table ``drawn``, whose columns are ``c0``, ``c1`` and so on; how many."""
    wanted = min(rows, _BLOCKS * _BLOCK_ROWS, max(_CELLS // len(columns), 1))
    blocks = min(_BLOCKS, wanted)
    length = wanted // blocks
    values = ", ".join(
        f"left({quoted(c.name)}, {LONGEST_VALUE + 1}) AS c{place}"
        if c.kind is Kind.TEXT
        else f"{quoted(c.name)} AS c{place}"
        for place, c in enumerate(columns)
    )
    chosen = f"SELECT {values} FROM read_parquet({file}, {_ROW} = true) WHERE {_ROW}"
    if wanted == rows:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE drawn AS {chosen} >= 0")
        return rows
    connection.execute(f"CREATE OR REPLACE TEMP TABLE drawn AS {chosen} < 0")
    for block in range(blocks):
        # One range after another: the reader passes over what lies between them.
        first = block * (rows - length) // max(blocks - 1, 1)
        connection.execute(f"INSERT INTO drawn {chosen} BETWEEN {first} AND {first + length - 1}")
    return blocks * length


def _distribution(
    connection: duckdb.DuckDBPyConnection, place: int, column: Column, measured: ColumnProfile, drawn: int
) -> ColumnProfile:
    value = f"c{place}"
    there = f"{value} IS NOT NULL" + (f" AND isfinite({value})" if column.kind is Kind.NUMBER else "")
    (present,) = _one(connection, f"SELECT count(*) FROM drawn WHERE {there}")
    measured = replace(measured, sampled=drawn, sampled_nulls=drawn - present)
    if not present:
        return measured
    if column.kind in _RANKED:
        shares = ", ".join(str(share) for share in PERCENTILES)
        (quantiles,) = _one(
            connection,
            f"SELECT CAST(quantile_disc({value}, [{shares}]) AS VARCHAR[]) FROM drawn WHERE {there}",
        )
        measured = replace(
            measured, quantiles=tuple(quantiles), histogram=_histogram(connection, value, there, column.kind)
        )
    if column.kind in _COUNTED:
        least = max(LEAST_COUNT, present // LEAST_SHARE)
        frequent = connection.execute(
            f"SELECT CAST({value} AS VARCHAR) AS v, count(*) AS n FROM drawn WHERE {there} GROUP BY ALL"
            f" HAVING n >= {least} AND length(v) <= {LONGEST_VALUE} ORDER BY n DESC, v LIMIT {TOP}"
        ).fetchall()
        measured = replace(
            measured, top_values=tuple({"value": text, "count": count} for text, count in frequent)
        )
    return measured


def _histogram(connection: duckdb.DuckDBPyConnection, value: str, there: str, kind: Kind) -> tuple[int, ...]:
    number = f"epoch({value})" if kind in (Kind.DATE, Kind.TIMESTAMP) else f"CAST({value} AS DOUBLE)"
    low, high = _one(connection, f"SELECT min({number}), max({number}) FROM drawn WHERE {there}")
    width = (high - low) / BINS
    if not 0 < width < float("inf"):
        return (_one(connection, f"SELECT count(*) FROM drawn WHERE {there}")[0],)
    counted = dict(
        connection.execute(
            f"SELECT CAST(least({BINS - 1}, floor(({number} - ?) / ?)) AS INTEGER), count(*) FROM drawn"
            f" WHERE {there} GROUP BY 1",
            [low, width],
        ).fetchall()
    )
    return tuple(counted.get(place, 0) for place in range(BINS))


def _one(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    found = connection.execute(statement).fetchone()
    assert found is not None
    return tuple(found)
