"""A revision's Parquet file, read as its checks need it: some columns, a batch of rows, the rows of some values."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

WHOLE_BYTES = 320 * 1024 * 1024
"""Columns up to this size are checked at once."""

BATCH_BYTES = 160 * 1024 * 1024
"""Size of a batch of rows of a larger revision."""

_SAMPLED_ROWS = 4_096

_SORTED_ROWS = 2_000_000


class Revision:
    """A revision's file, opened.

    :ivar names: its columns, in order.
    :ivar rows: how many it has.
    """

    def __init__(self, path: Path) -> None:
        """:raises pa.ArrowException: it is no Parquet file."""
        self._path = path
        self._file = pq.ParquetFile(path)
        self.names: list[str] = self._file.schema_arrow.names
        self.schema: pa.Schema = _decoded(self._file.schema_arrow)
        self.rows: int = self._file.metadata.num_rows
        self._sizes: dict[str, float] = {}

    def size(self, columns: Sequence[str]) -> float:
        """Bytes of these columns in memory, as its first rows suggest."""
        unknown = [name for name in columns if name not in self._sizes]
        if unknown and self.rows:
            sample = next(self._file.iter_batches(_SAMPLED_ROWS, columns=unknown, use_threads=False))
            for name in unknown:
                self._sizes[name] = sample.column(name).nbytes / max(sample.num_rows, 1) * self.rows
        return sum(self._sizes.get(name, 0) for name in columns)

    def whole(self, columns: Sequence[str]) -> pa.Table:
        """All rows of these columns."""
        found = self._file.read(columns=list(columns), use_threads=False)
        return _present(found.cast(self._narrowed(columns)))

    def batches(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.Table]]:
        """All rows of these columns in batches of bounded size, with the number of rows before each."""
        batch_rows = max(int(BATCH_BYTES / max(self.size(columns), 1) * self.rows), 10_000)
        done, parts, held = 0, [], 0
        for part in self._file.iter_batches(
            min(batch_rows, 131_072), columns=list(columns), use_threads=False
        ):
            parts.append(part)
            held += part.num_rows
            if held >= batch_rows:
                yield done, self._table(parts, columns)
                done, parts, held = done + held, [], 0
        if parts or not done:
            yield done, self._table(parts, columns)

    def partitions(self, columns: Sequence[str]) -> Iterator[tuple["np.ndarray[Any, Any]", pa.Table]]:
        """All rows of these columns, those with equal values together, in parts of bounded size.

        :return: the position of a part's rows in the revision, from 1, and the part.
        """
        count = int(self.size(columns) * 1.5 // BATCH_BYTES) + 1
        listed = ", ".join(_quoted(name) for name in columns)
        for number in range(count):
            with _database() as database:
                reader: Any = database.execute(
                    f"SELECT {listed}, file_row_number + 1 FROM read_parquet(?, file_row_number = true)"  # noqa: S608
                    f" WHERE hash({listed}) % {count} = {number}",
                    [str(self._path)],
                ).to_arrow_reader(131_072)
                table = reader.read_all()
            positions = table.column(table.num_columns - 1).to_numpy()
            named = table.select(range(len(columns))).rename_columns(list(columns))
            yield positions, _present(named.cast(self._narrowed(columns)))

    def repeated(self, examples: int) -> tuple[int, list[int]]:
        """How many rows are equal to an earlier one in every column, and where some of them are, from 1.

        Rows are told apart by two independent hashes of 64 bits, in memory that grows by 16 bytes a row: of a billion
        different rows two would be taken as equal once in hundreds of millions of files.
        """
        if not self.rows:
            return 0, []
        first = ", ".join(_quoted(name) for name in self.names)
        second = ", ".join(self._salted(name) for name in reversed(self.names))
        hashes = np.empty((2, self.rows), np.uint64)
        done = 0
        with _database() as database:
            reader: Any = database.execute(
                f"SELECT hash({first}), hash({second}) FROM read_parquet(?)",  # noqa: S608
                [str(self._path)],
            ).to_arrow_reader(131_072)
            for batch in reader:
                for row in (0, 1):
                    hashes[row, done : done + batch.num_rows] = batch.column(row).to_numpy()
                done += batch.num_rows
        assert done == self.rows
        return _repeated(hashes, examples)

    def _salted(self, name: str) -> str:
        """A column's value otherwise hashed: of whole numbers and the like a hash of 64 bits loses nothing."""
        kind = self.schema.field(name).type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        return f"concat({_quoted(name)}, chr(1))" if text else _quoted(name)

    def _table(self, parts: Sequence[pa.RecordBatch], columns: Sequence[str]) -> pa.Table:
        kept = self._narrowed(columns)
        return _present(pa.Table.from_batches(parts).cast(kept)) if parts else kept.empty_table()

    def _narrowed(self, columns: Sequence[str]) -> pa.Schema:
        return pa.schema([self.schema.field(name) for name in columns])


def frame_of(table: pa.Table) -> pd.DataFrame:
    """A table as a frame over the same memory: nothing is copied, and nothing loses digits."""
    return table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True, use_threads=False)


def _repeated(hashes: "np.ndarray[Any, Any]", examples: int) -> tuple[int, list[int]]:
    """Count rows whose pair of hashes an earlier one has, one share of the values at a time."""
    rows = hashes.shape[1]
    buckets = rows // _SORTED_ROWS + 1
    total, found = 0, list[int]()
    for bucket in range(buckets):
        places = np.flatnonzero(hashes[0] % np.uint64(buckets) == bucket) if buckets > 1 else np.arange(rows)
        one, other = hashes[0][places], hashes[1][places]
        order = np.argsort(one, kind="stable")
        one, other = one[order], other[order]
        alike = one[1:] == one[:-1]
        if not alike.any():
            continue
        # Only rows that agree in the first are sorted by both.
        kept = np.zeros(len(one), bool)
        kept[1:] |= alike
        kept[:-1] |= alike
        one, other, where = one[kept], other[kept], places[order][kept]
        again = np.lexsort((where, other, one))
        one, other, where = one[again], other[again], where[again]
        later = (one[1:] == one[:-1]) & (other[1:] == other[:-1])
        total += int(np.count_nonzero(later))
        found += [int(row) + 1 for row in np.sort(where[1:][later])[:examples]]
    return total, sorted(found)[:examples]


def _database() -> duckdb.DuckDBPyConnection:
    """An empty database that keeps to a share of the process's memory."""
    return duckdb.connect(
        ":memory:", config={"threads": 1, "memory_limit": "512MB", "preserve_insertion_order": True}
    )


def _present(table: pa.Table) -> pa.Table:
    """A number that is none (NaN) becomes missing."""
    for place, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            column = table.column(place)
            none = pc.is_nan(column)
            if pc.any(none).as_py():
                kept = pc.if_else(none, pa.scalar(None, field.type), column)
                table = table.set_column(place, field, kept)
    return table


def _decoded(schema: pa.Schema) -> pa.Schema:
    """Values as they are, not as places in a dictionary."""
    return pa.schema(
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in schema
    ).remove_metadata()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
