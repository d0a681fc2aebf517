"""Every value of a finished revision is looked at for personal information, by DuckDB over its Parquet file."""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import duckdb

from infra.messages import Message
from listings.ingest.errors import shown
from listings.ingest.personal import NOTEWORTHY, ContentKind, Detected, Tally, is_personal_heading
from listings.ingest.profile import REPEATED
from listings.ingest.result import Column, ColumnProfile, Kind, Notice
from listings.ingest.writing import quoted

MAX_VALUES = 100_000
"""Values of one column that are looked at closely; of more, evenly spaced ones."""

_COLUMNS_AT_ONCE = 100
_FETCHED = 10_000
_SHORTEST_TEXT = 6
_SHORTEST = 9
"""Bytes of the shortest number of personal.NOTEWORTHY."""

_SMALLEST_NUMBER = 13_000_000_000

LABELS = {
    ContentKind.RESIDENT_ID: Message("resident identity numbers"),
    ContentKind.MOBILE_NUMBER: Message("mobile numbers"),
    ContentKind.BANK_CARD: Message("bank card numbers"),
    ContentKind.EMAIL: Message("e-mail addresses"),
}


def examine(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    profiles: Sequence[ColumnProfile],
    rows: int,
) -> tuple[list[Detected], list[Notice]]:
    """What the columns of the view ``revision`` hold besides what was declared, and what to tell of it."""
    known = zip(columns, profiles, strict=True)
    worth = {column: measured.distinct for column, measured in known if _may_hold(column, measured)}
    repeated = [column for column, distinct in worth.items() if distinct * REPEATED < rows]
    counts = {column: _noteworthy_values(connection, column) for column in repeated}
    others = [column for column in worth if column not in counts]
    for start in range(0, len(others), _COLUMNS_AT_ONCE):
        some = others[start : start + _COLUMNS_AT_ONCE]
        found = connection.execute(
            f"SELECT {', '.join(f'count(*) FILTER (WHERE {_noteworthy(_text(c))})' for c in some)} FROM revision"
        ).fetchone()
        counts |= zip(some, found or (), strict=True)
    detected: list[Detected] = []
    for column in worth:
        if counts[column]:
            detected += _closely(connection, column, counts[column], rows)
    holding = {one.column for one in detected}
    named = [
        column.name for column in columns if is_personal_heading(column.name) and column.name not in holding
    ]
    return detected, [_notice(one) for one in detected] + [_heading_notice(name) for name in named]


def _noteworthy_values(connection: duckdb.DuckDBPyConnection, column: Column) -> int:
    """Noteworthy values of a column whose values repeat: each is looked at once."""
    # Under names of our own: the column may have any.
    each = f"SELECT {_text(column)} AS t, count(*) AS n FROM revision GROUP BY 1"
    (count,) = connection.execute(
        f"SELECT coalesce(sum(n), 0) FROM ({each}) WHERE {_noteworthy('t')}"
    ).fetchone() or (0,)
    return int(count)


def _heading_notice(name: str) -> Notice:
    message = Message(
        "Column {column} is named as one of persons, and its values cannot be told by their form. If they are personal,"
        " mark the column with POST /v1/products/{{product_id}}/personal-columns: samples show them otherwise.",
        column=shown(name),
    )
    return Notice("named-as-personal", message, name)


def _may_hold(column: Column, measured: ColumnProfile) -> bool:
    if column.kind is Kind.TEXT:
        return (measured.length_max or 0) >= _SHORTEST_TEXT
    if column.kind not in {Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER} or measured.maximum is None:
        return False
    try:
        return Decimal(measured.maximum) >= _SMALLEST_NUMBER
    except InvalidOperation:
        return False


def _closely(connection: duckdb.DuckDBPyConnection, column: Column, count: int, rows: int) -> list[Detected]:
    step = -(-count // MAX_VALUES)
    values = f"SELECT {_text(column)} AS t FROM revision WHERE {_noteworthy(_text(column))}"
    if step > 1:
        values = f"SELECT t FROM (SELECT t, row_number() OVER () AS r FROM ({values})) WHERE r % {step} = 0"
    found = connection.execute(values)
    tally = Tally(column.name)
    while batch := found.fetchmany(_FETCHED):
        for (text,) in batch:
            tally.add(text)
    return tally.detected(rows // step)


def _noteworthy(text: str) -> str:
    # Most values are too short, and cost nothing to pass over.
    long_enough = f"(strlen({text}) >= {_SHORTEST} OR contains({text}, '@') OR contains({text}, '＠'))"
    return f"({long_enough} AND regexp_matches({text}, '{NOTEWORTHY}'))"


def _text(column: Column) -> str:
    """SQL of the text of a column's values; of a whole number that is stored as another, without its point."""
    name = quoted(column.name)
    if column.kind is Kind.TEXT:
        return name
    text = f"CAST({name} AS VARCHAR)"
    return text if column.kind is Kind.INTEGER else f"regexp_replace({text}, '\\.0+$', '')"


def _notice(one: Detected) -> Notice:
    message = Message(
        "Column {column} holds {kind}: {values:,} of {examined:,} values. Samples show it masked. Unless it is declared"
        " as personal, the revision is not shown: mark the column with"
        " POST /v1/products/{{product_id}}/personal-columns, or contest the finding with"
        " POST /v1/products/{{product_id}}/content-findings/contest.",
        column=shown(one.column),
        kind=LABELS[one.kind],
        values=one.values,
        examined=one.examined,
    )
    return Notice("personal-content", message, one.column)
