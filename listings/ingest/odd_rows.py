"""Rows that spreadsheets leave below a table and that buyers would pay for: a total, rows without any value."""

# ruff: noqa: S608 -- the SQL is put together from quoted names of our own, in a sandbox

from collections.abc import Sequence

import duckdb

from infra.messages import Message
from listings.ingest.errors import shown
from listings.ingest.result import Column, ColumnProfile, Kind, Notice
from listings.ingest.writing import quoted

TOTALS = (
    "合计",
    "总计",
    "共计",
    "小计",
    "合 计",
    "总 计",
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
)
"""What the last row of a table of sums is called, in lower case."""

_MOST_COLUMNS = 300
"""A wider table is no spreadsheet with a total."""


def odd_rows(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    profiles: Sequence[ColumnProfile],
    rows: int,
) -> list[Notice]:
    """What to tell of rows of the view ``revision`` that may be no data."""
    notices: list[Notice] = []
    if len(columns) > _MOST_COLUMNS:
        return notices
    if len(columns) > 1 and min(measured.nulls for measured in profiles):
        missing = " AND ".join(f"{quoted(column.name)} IS NULL" for column in columns)
        (count,) = connection.execute(f"SELECT count(*) FROM revision WHERE {missing}").fetchone() or (0,)
        if count:
            message = Message(
                "{count:,} rows have no value at all. They are rows like others, which buyers pay for: take them out if"
                " they are none.",
                count=count,
            )
            notices.append(Notice("rows-without-values", message))
    texts = [column for column in columns if column.kind is Kind.TEXT]
    if texts and rows > 1:
        names = ", ".join(quoted(column.name) for column in texts)
        last = connection.execute(f"SELECT {names} FROM revision LIMIT 1 OFFSET {rows - 1}").fetchone() or ()
        for column, value in zip(texts, last, strict=True):
            if value is not None and value.strip(" \u3000:：").lower() in TOTALS:
                message = Message(
                    "The last row says {value} in column {column}: if it is a total, take it out and upload the file"
                    " again.",
                    value=shown(value),
                    column=shown(column.name),
                )
                notices.append(Notice("total-row", message, column.name))
                break
    return notices
