"""The first rows of a revision as JSON values."""

import math
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from listings.products.domain import SAMPLE_ROWS

MAX_TEXT = 200
"""Longest text shown of one value, in characters."""


def first_rows(path: Path) -> list[dict[str, Any]]:
    """The first `SAMPLE_ROWS` rows of a Parquet file, by column name.

    Exact decimals and instants become text; a text longer than `MAX_TEXT` is cut and ends in an ellipsis.
    """
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=SAMPLE_ROWS):
            return [{name: json_value(value) for name, value in row.items()} for row in batch.to_pylist()]
    return []


def json_value(value: Any) -> Any:
    """A value of a column as JSON holds it."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
