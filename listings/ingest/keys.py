"""Pairs and triples of columns that identify a row together, looked for in the rows drawn for the distribution."""

# ruff: noqa: S608 -- the SQL is put together from names and numbers of our own, in a sandbox

from collections.abc import Sequence
from itertools import combinations

import duckdb

from listings.ingest.result import Column, ColumnProfile, KeyProfile, Kind

LEAST_ROWS = 20
LEAST_SHARE = 0.98
"""Of the rows, that a combination is different in before it is told."""

_MOST_MISSING = 0.2
_COLUMNS = 8
"""Columns that are combined: dates and times first, then those of the fewest values."""

_TOLD = 3
_TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP})
_COMBINED = _TIMES | {Kind.TEXT, Kind.INTEGER}


def find_keys(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    profiles: Sequence[ColumnProfile],
    rows: int,
) -> tuple[KeyProfile, ...]:
    """The smallest combinations of columns that hardly repeat, at most three.

    None is looked for where a single column hardly repeats already.

    :param connection: its table ``drawn`` holds the columns as ``c0``, ``c1`` and so on.
    """
    if rows < LEAST_ROWS:
        return ()
    usable = [
        (place, column, measured)
        for place, (column, measured) in enumerate(zip(columns, profiles, strict=True))
        if column.kind in _COMBINED and measured.distinct > 1 and measured.nulls <= _MOST_MISSING * rows
    ]
    if any(measured.distinct >= LEAST_SHARE * rows for _, _, measured in usable):
        return ()
    usable.sort(key=lambda one: (one[1].kind not in _TIMES, one[2].distinct))
    for size in (2, 3):
        found: list[KeyProfile] = []
        for chosen in combinations(usable[:_COLUMNS], size):
            if len(found) == _TOLD:
                break
            product = 1
            for _, _, measured in chosen:
                product *= measured.distinct
            if product < LEAST_SHARE * rows:
                continue
            named = tuple(columns[place].name for place in sorted(place for place, _, _ in chosen))
            key = _measured(connection, named, sorted(place for place, _, _ in chosen))
            if key.sampled >= LEAST_ROWS and key.distinct >= LEAST_SHARE * key.sampled:
                found.append(key)
        if found:
            return tuple(found)
    return ()


def _measured(
    connection: duckdb.DuckDBPyConnection, named: tuple[str, ...], places: Sequence[int]
) -> KeyProfile:
    values = ", ".join(f"c{place}" for place in places)
    there = " AND ".join(f"c{place} IS NOT NULL" for place in places)
    found = connection.execute(
        f"SELECT count(*), count(DISTINCT ({values})) FROM drawn WHERE {there}"
    ).fetchone() or (0, 0)
    return KeyProfile(named, int(found[0]), int(found[1]))
