"""Rows to a Parquet file in groups that are bounded in rows and in bytes, before they are unpacked."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from listings.ingest.lengths import Lengths, lengths
from listings.ingest.limits import PLAIN_VALUE_BYTES, Limits
from listings.ingest.measures import row_too_large, value_too_large
from listings.ingest.names import names_bytes

Convert = Callable[[pa.RecordBatch, int], pa.RecordBatch]
"""Brings a piece of a batch, few enough bytes to be unpacked, to what is stored; told how many rows came before it."""


def write_groups(
    batches: Iterator[pa.RecordBatch],
    names: Sequence[str],
    stored: pa.Schema,
    convert: Convert,
    target: Path,
    limits: Limits,
    require_rows: Callable[[int], None],
) -> int:
    """Write what the batches hold, each value and row measured first; the number of rows.

    :param stored: schema of the file; which columns are text, and so of any length, is told by the batches.
    :param require_rows: called with the rows so far, to refuse too many.
    :raises ValueTooLarge: a value or a row is longer than the limits allow.
    """
    per_group = limits.rows_per_group(len(names))
    rows = held_bytes = 0
    held: list[pa.RecordBatch] = []
    with pq.ParquetWriter(target, stored, compression="zstd") as writer:

        def flush() -> None:
            nonlocal held, held_bytes
            if held:
                writer.write_table(pa.Table.from_batches(held, schema=stored))
            held, held_bytes = [], 0

        for batch in batches:
            widths = measured(batch, names, limits, first_row=rows)
            rows += batch.num_rows
            require_rows(rows)
            for start, end in _pieces(widths, per_group, limits.group_bytes):
                size = int(widths[start:end].sum())
                waiting = sum(piece.num_rows for piece in held)
                if held_bytes + size > limits.group_bytes or waiting + end - start > per_group:
                    flush()
                held.append(convert(batch.slice(start, end - start), rows - batch.num_rows + start))
                held_bytes += size
        flush()
    return rows


def measured(batch: pa.RecordBatch, names: Sequence[str], limits: Limits, *, first_row: int) -> Lengths:
    """Bytes of the values of each row.

    :param first_row: how many rows came before the batch.
    :raises ValueTooLarge: a value or a row of it is longer than the limits allow.
    """
    sizes = np.zeros(batch.num_rows, np.int64)
    served = np.full(batch.num_rows, names_bytes(names), np.int64)
    for name, column in zip(names, batch.columns, strict=True):
        found = lengths(column)
        if len(found) and (longest := int(found.max())) > limits.cell_bytes:
            raise value_too_large(name, first_row + int(found.argmax()) + 1, longest, limits)
        sizes += found
        served += np.maximum(found, PLAIN_VALUE_BYTES)
    if len(served) and (widest := int(served.max())) > limits.row_bytes:
        raise row_too_large(first_row + int(served.argmax()) + 1, widest, limits)
    return sizes


def _pieces(widths: Lengths, rows: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows that are so many rows and bytes at most, one row at least."""
    upto = np.concatenate([np.zeros(1, np.int64), np.cumsum(widths)])
    start = 0
    while start < len(widths):
        fitting = int(np.searchsorted(upto, upto[start] + size, side="right")) - 1
        end = max(start + 1, min(fitting, start + rows, len(widths)))
        yield start, end
        start = end
