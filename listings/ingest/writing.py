"""Rows of a query to a Parquet file, in their order, in row groups of bounded size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from listings.ingest.limits import Limits

_NARROW_COLUMNS = 100
"""DuckDB's writer takes megabytes a column, and pyarrow's kilobytes."""

_PLAIN_BYTES = 16
_VECTOR = 2048
"""Rows that DuckDB works on at a time; a row group of its making has a multiple of them."""


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    names: Sequence[str],
    widest: int,
    target: Path,
    limits: Limits,
) -> None:
    """Write what a query yields.

    :param widest: bytes of the widest row at most, as it is stored.
    """
    rows = min(limits.rows_per_group(len(names)), limits.group_bytes // max(widest, 1) // _VECTOR * _VECTOR)
    if rows and len(names) <= _NARROW_COLUMNS:
        connection.execute(
            f"COPY ({query}) TO {literal(str(target))} "
            f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {rows})"
        )
        return
    from listings.ingest.row_groups import write_groups  # pyarrow, which most text files do without

    reader: Any = connection.execute(query).to_arrow_reader(_VECTOR)
    write_groups(reader, names, reader.schema, lambda batch, _: batch, target, limits, lambda _: None)


def widest_stored(texts: Sequence[int], columns: int) -> int:
    """Bytes of the widest row at most, as it is stored.

    :param texts: bytes of the longest value of each text column.
    :param columns: of all types.
    """
    return sum(texts) + _PLAIN_BYTES * (columns - len(texts))


def quoted(name: str) -> str:
    """SQL of a name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """SQL of a text."""
    return "'" + text.replace("'", "''") + "'"
