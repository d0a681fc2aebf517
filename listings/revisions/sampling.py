"""What is kept beside a revision as JSON: its first rows, and what was found on the way in."""

import math
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from infra.messages import Message
from listings.ingest.errors import FileTooLarge
from listings.revisions.domain import SAMPLE_ROWS

MAX_TEXT = 200
"""Longest text shown of one value, in characters."""


def first_rows(path: Path) -> list[dict[str, Any]]:
    """The first `SAMPLE_ROWS` rows of a Parquet file, by column name.

    Exact decimals and instants become text; a text longer than `MAX_TEXT` is cut and ends in an ellipsis.

    :raises FileTooLarge: a few rows of it take hundreds of megabytes.
    """
    # A bound, not a reservation: thousands of columns or megabytes in a field take hundreds, most files a few.
    with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as reader:
        try:
            found = reader.execute("SELECT * FROM read_parquet(?) LIMIT ?", [str(path), SAMPLE_ROWS])
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, map(json_value, row), strict=True)) for row in found.fetchall()]
        except duckdb.OutOfMemoryException as error:
            raise FileTooLarge(
                Message("The first rows alone take more memory than the service gives one file."),
                remedy=Message("Send fewer columns, or shorter texts."),
            ) from error


def json_value(value: Any) -> Any:
    """A value of a column as JSON holds it."""
    if isinstance(value, str):
        return storable(value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def storable(value: Any) -> Any:
    """JSON that PostgreSQL can hold: NUL in any text, which it cannot, becomes the replacement character."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
