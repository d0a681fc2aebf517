"""Values of a revision to look at, evenly spaced over its rows, read by DuckDB in the child process."""

# ruff: noqa: S608 -- the SQL is put together from quoted names of our own, in a child process

from collections.abc import Mapping, Sequence

import duckdb

from listings.classification.proposals import ColumnSample
from listings.ingest.personal import ContentKind
from listings.ingest.result import Column
from listings.ingest.writing import quoted

MAX_VALUES = 500
"""Rows that are looked at."""

_COLUMNS_AT_ONCE = 100
_LONGEST = 200


def sample_columns(
    path: str, columns: Sequence[Column], detected: Mapping[str, set[ContentKind]]
) -> list[ColumnSample]:
    """What is known of each column: up to `MAX_VALUES` of its values as text, long ones cut.

    :param detected: what was found in every value when the file came in.
    """
    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "192MiB"})
    try:
        file = f"read_parquet('{path.replace(chr(39), chr(39) * 2)}', file_row_number = true)"
        (rows,) = connection.execute(f"SELECT count(*) FROM {file}").fetchone() or (0,)
        step = max(1, -(-rows // MAX_VALUES))
        found: list[ColumnSample] = []
        for start in range(0, len(columns), _COLUMNS_AT_ONCE):
            some = columns[start : start + _COLUMNS_AT_ONCE]
            texts = ", ".join(f"left(CAST({quoted(c.name)} AS VARCHAR), {_LONGEST})" for c in some)
            lines = connection.execute(
                f"SELECT {texts} FROM {file} WHERE file_row_number % {step} = 0 LIMIT {MAX_VALUES}"
            ).fetchall()
            for place, column in enumerate(some):
                values = tuple(line[place] for line in lines if line[place] is not None)
                found.append(
                    ColumnSample(column.name, column.kind, values, frozenset(detected.get(column.name, ())))
                )
        return found
    finally:
        connection.close()
