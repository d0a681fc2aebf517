"""Drawing the rows of a sample and masking them, by DuckDB in the child process: values stay here."""

# ruff: noqa: S608 -- the SQL is put together from quoted names of our own, in a child process; values are parameters

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from listings.ingest.result import Column, Kind
from listings.ingest.shown import read_shown, shown
from listings.ingest.writing import quoted
from listings.products.masking import MaskRule, hide_singled_out, mask_rows, mask_value, singling_columns
from listings.samples.domain import DrawMethod, DrawSpec, FilterTest, RowFilter

MAX_TEXT = 200
"""Characters of a text; longer ones are cut and end in an ellipsis."""

MAX_COUNTED = 2_000_000
"""Rows in which combinations are counted; of longer data the first, which counts too few rather than too many."""

_TYPES = {
    Kind.INTEGER: "HUGEINT",
    Kind.DECIMAL: "DECIMAL(38,9)",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
}
_OPERATORS = {
    FilterTest.EQUAL: "=",
    FilterTest.NOT_EQUAL: "<>",
    FilterTest.AT_LEAST: ">=",
    FilterTest.AT_MOST: "<=",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A draw with the rules that its rows are masked by.

    :ivar guarded: columns that are personal information or important data.
    :ivar key: the product's secret.
    :ivar least: how many rows must share what is left of these columns.
    """

    columns: Sequence[Column]
    spec: DrawSpec
    rules: dict[str, MaskRule | None]
    guarded: frozenset[str]
    key: bytes
    least: int


def draw(path: str, drawing: Drawing, folder: str) -> list[dict[str, Any]]:
    """The rows of a sample, masked.

    :param folder: for temporary files.
    :raises ValueError: a filter's value does not fit its column.
    """
    connection = duckdb.connect(
        ":memory:", config={"threads": 1, "memory_limit": "256MiB", "temp_directory": folder}
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        file = f"read_parquet('{path.replace(chr(39), chr(39) * 2)}', file_row_number = true)"
        connection.execute(f"CREATE TEMP VIEW data AS SELECT * FROM {file}")
        by_name = {column.name: column for column in drawing.columns}
        numbers = _chosen(connection, drawing.spec, by_name)
        kept = [column for column in drawing.columns if drawing.rules.get(column.name) is not None]
        rows = mask_rows(_rows(connection, numbers, kept), drawing.rules, drawing.guarded, drawing.key)
        columns = singling_columns(drawing.rules, drawing.guarded)
        counts = _combinations(connection, drawing, [by_name[name] for name in columns]) if columns else {}
        return hide_singled_out(rows, columns, counts, drawing.least)
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise ValueError(str(error).splitlines()[0][:300]) from None
    finally:
        connection.close()


def _chosen(connection: duckdb.DuckDBPyConnection, spec: DrawSpec, columns: dict[str, Column]) -> list[int]:
    """Numbers of the rows, from 0, in the data's order."""
    values: list[Any] = []
    if spec.method is DrawMethod.FIRST:
        sql = f"SELECT file_row_number FROM data ORDER BY 1 LIMIT {spec.count}"
    elif spec.method is DrawMethod.ROWS:
        wanted = [number - 1 for number in sorted(set(spec.rows))[: spec.count]]
        sql, values = "SELECT file_row_number FROM data WHERE list_contains(?, file_row_number)", [wanted]
    elif spec.method is DrawMethod.FILTER:
        conditions = []
        for one in spec.filters:
            condition, given = _condition(one, columns[one.column])
            conditions.append(condition)
            values += given
        sql = (
            f"SELECT file_row_number FROM data WHERE {' AND '.join(conditions)} ORDER BY 1 LIMIT {spec.count}"
        )
    else:
        assert spec.by is not None
        # One row of each value, then a second of each: missing values first, then those with most rows.
        name = quoted(spec.by)
        sql = (
            "SELECT file_row_number FROM (SELECT file_row_number, row_number() OVER (PARTITION BY v ORDER BY"
            f" md5(CAST(file_row_number AS VARCHAR) || ':{spec.seed}')) AS turn, count(*) OVER (PARTITION BY v) AS n, v"
            f" FROM (SELECT file_row_number, {name} AS v FROM data))"
            f" ORDER BY turn, v IS NOT NULL, n DESC, CAST(v AS VARCHAR), file_row_number LIMIT {spec.count}"
        )
    return sorted(number for (number,) in connection.execute(sql, values).fetchall())


def _condition(one: RowFilter, column: Column) -> tuple[str, list[str]]:
    name = quoted(column.name)
    if one.test is FilterTest.MISSING:
        return f"{name} IS NULL", []
    if one.test is FilterTest.PRESENT:
        return f"{name} IS NOT NULL", []
    assert one.value is not None
    return f"{name} {_OPERATORS[one.test]} CAST(? AS {_TYPES.get(column.kind, 'VARCHAR')})", [one.value]


def _rows(
    connection: duckdb.DuckDBPyConnection, numbers: Sequence[int], columns: Sequence[Column]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{} for _ in numbers]
    for start in range(0, len(columns), 100):
        some = columns[start : start + 100]
        members = ", ".join(f"'{place}': {_value(column)}" for place, column in enumerate(some))
        found = connection.execute(
            f"SELECT CAST(to_json({{{members}}}) AS VARCHAR) FROM data WHERE list_contains(?, file_row_number)"
            " ORDER BY file_row_number",
            [list(numbers)],
        ).fetchall()
        for row, (text,) in zip(rows, found, strict=True):
            values = read_shown(text)
            row.update({column.name: _storable(values[f"{place}"]) for place, column in enumerate(some)})
    return rows


def _value(column: Column) -> str:
    name = quoted(column.name)
    if column.kind is Kind.TEXT:
        return (
            f"CASE WHEN length({name}) > {MAX_TEXT} THEN left({name}, {MAX_TEXT - 1}) || '…' ELSE {name} END"
        )
    return shown(column, name)


def _combinations(
    connection: duckdb.DuckDBPyConnection, drawing: Drawing, columns: Sequence[Column]
) -> Counter[tuple[Any, ...]]:
    members = ", ".join(f"'{place}': {_value(column)}" for place, column in enumerate(columns))
    reading = connection.execute(
        f"SELECT CAST(to_json({{{members}}}) AS VARCHAR), count(*) FROM (SELECT * FROM data LIMIT {MAX_COUNTED})"
        " GROUP BY 1"
    )
    rules = [drawing.rules[column.name] for column in columns]
    counts: Counter[tuple[Any, ...]] = Counter()
    while batch := reading.fetchmany(10_000):
        for text, times in batch:
            values = read_shown(text)
            combination = tuple(
                mask_value(_storable(values[f"{place}"]), rule, personal=True, key=drawing.key)
                for place, rule in enumerate(rules)
                if rule is not None
            )
            counts[combination] += times
    return counts


def _storable(value: Any) -> Any:
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
