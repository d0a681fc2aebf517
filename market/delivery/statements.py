"""The SQL of a page: pure text and its parameters.

Nothing a caller types becomes SQL text. The columns of the file are read under names of our own (``c0``, ``c1``, …), so
that no column's name means anything to DuckDB, be it ``file_row_number``, ``filename`` or ``"*"``; operators come from
a table; every value, the path included, is a bound parameter. Folders called ``year=2026`` add no column.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from listings.ingest.measures import total_of
from listings.ingest.result import Column, Kind
from listings.ingest.shown import shown
from market.delivery.domain import Filter, Operator
from market.delivery.exact import DecimalType

_COMPARISONS = {
    Operator.EQ: "{} = ?",
    Operator.NE: "{} <> ?",
    Operator.LT: "{} < ?",
    Operator.LE: "{} <= ?",
    Operator.GT: "{} > ?",
    Operator.GE: "{} >= ?",
    Operator.CONTAINS: "contains({}, ?)",
}

Statement = tuple[str, list[Any]]
"""A statement and its parameters."""


class Source(NamedTuple):
    """A revision's file.

    :ivar columns: all of them, in the file's order.
    """

    path: Path
    columns: tuple[Column, ...]

    def places(self) -> Mapping[str, str]:
        """What each column is called in a statement."""
        return {column.name: f"c{place}" for place, column in enumerate(self.columns)}

    def clause(self) -> str:
        """Names every column of the file, so that each is ours; the path is the statement's first parameter."""
        return f"FROM read_parquet(?, hive_partitioning = false) AS t({', '.join(self.places().values())})"


def matching_rows(source: Source, filters: Sequence[Filter], after: int, limit: int) -> Statement:
    """The numbers of the first rows after one that meet the filters, in order."""
    places = source.places()
    conditions, values = ["file_row_number > ?"], [str(source.path), after]
    for filter_ in filters:
        condition, bound = _condition(filter_, places[filter_.column.name])
        conditions.append(condition)
        values.extend(bound)
    values.append(limit)
    statement = (
        f"SELECT file_row_number {source.clause()}"
        f" WHERE {' AND '.join(conditions)} ORDER BY file_row_number LIMIT ?"
    )
    return statement, values


def text_bytes(source: Source, columns: Sequence[Column], rows: Sequence[int]) -> Statement:
    """Each of the rows with the bytes that its values in these text columns have together."""
    places = source.places()
    total = total_of([f"coalesce(strlen({places[column.name]}), 0)" for column in columns])
    return f"SELECT file_row_number, {total} {source.clause()} WHERE {_among(rows)}", [str(source.path)]


def rendered(source: Source, columns: Sequence[Column], rows: Sequence[int]) -> Statement:
    """Each of the rows with a JSON object of these columns."""
    places = source.places()
    members = ", ".join(
        f"{_literal(column.name)}: {shown(column, places[column.name])}" for column in columns
    )
    statement = f"SELECT file_row_number, CAST(to_json({{{members}}}) AS VARCHAR) {source.clause()}"
    return f"{statement} WHERE {_among(rows)}", [str(source.path)]


def _among(rows: Sequence[int]) -> str:
    """Rows are numbers of our own counting."""
    first, last = rows[0], rows[-1]
    condition = f"file_row_number BETWEEN {first:d} AND {last:d}"
    if last - first + 1 == len(rows):
        return condition
    return f"{condition} AND file_row_number IN ({', '.join(f'{row:d}' for row in rows)})"


def _condition(filter_: Filter, place: str) -> tuple[str, list[Any]]:
    # What is shown as null is null: NaN, which DuckDB holds to be greater than every number, and the infinities.
    number = filter_.column.kind is Kind.NUMBER
    if filter_.operator is Operator.IS_NULL:
        missing = f"({place} IS NULL OR NOT isfinite({place}))" if number else f"{place} IS NULL"
        return missing if filter_.values[0] else f"NOT ({missing})", []
    if filter_.column.kind is Kind.DECIMAL:
        return _decimal_condition(filter_, place)
    if filter_.operator is Operator.IN:
        condition = f"{place} IN ({', '.join('?' * len(filter_.values))})"
    else:
        condition = _COMPARISONS[filter_.operator].format(place)
    return condition + (f" AND isfinite({place})" if number else ""), list(filter_.values)


def _decimal_condition(filter_: Filter, place: str) -> tuple[str, list[Any]]:
    kept = DecimalType.read(filter_.column.physical)
    operator, value = filter_.operator, filter_.values[0]
    if operator in (Operator.EQ, Operator.NE, Operator.IN):
        held = [number for number in map(kept.exactly, filter_.values) if number is not None]
        if not held:
            return f"{place} IS NOT NULL" if operator is Operator.NE else "false", []
        among = ", ".join([f"CAST(? AS {kept})"] * len(held))
        return f"{place} {'NOT IN' if operator is Operator.NE else 'IN'} ({among})", list(held)
    if operator in (Operator.LE, Operator.GT):
        bound, otherwise = kept.below(value), operator is Operator.GT
    else:
        bound, otherwise = kept.above(value), operator is Operator.LT
    if bound is None:
        return f"{place} IS NOT NULL" if otherwise else "false", []
    return _COMPARISONS[operator].format(place).replace("?", f"CAST(? AS {kept})"), [bound]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
