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

    def together(
        self, columns: Sequence[str]
    ) -> tuple[int, Iterator[tuple["np.ndarray[Any, Any]", pa.Table]]]:
        """Rows that may be equal to another one in these columns, those with equal values together.

        :return: how many rows have all values and are equal to none, and parts of bounded size of the others: the
            position of each row in the revision, from 1, and the values.
        """
        hashes = self._hashes([_quoted(name) for name in columns])
        alike = _alike(hashes) | self._missing(columns)
        return self.rows - int(np.count_nonzero(alike)), self._parts(columns, hashes, alike)

    def _parts(
        self, columns: Sequence[str], hashes: "np.ndarray[Any, Any]", alike: "np.ndarray[Any, Any]"
    ) -> Iterator[tuple["np.ndarray[Any, Any]", pa.Table]]:
        held = self.size(columns) * np.count_nonzero(alike) / self.rows
        count = int(held // (BATCH_BYTES / 2)) + 1 if alike.any() else 0
        for number in range(count):
            wanted = alike & (hashes % np.uint64(count) == number)
            parts, done = [], 0
            for batch in self._file.iter_batches(131_072, columns=list(columns), use_threads=False):
                parts.append(batch.filter(pa.array(wanted[done : done + batch.num_rows])))
                done += batch.num_rows
            yield np.flatnonzero(wanted) + 1, self._table(parts, columns).combine_chunks()

    def repeated(self, examples: int) -> tuple[int, list[int]]:
        """How many rows are equal to an earlier one in every column, and where some of them are, from 1.

        Rows that agree in a hash of 64 bits are told apart by a second one, in memory that grows by 16 bytes a row: of
        a billion different rows two would be taken as equal once in hundreds of millions of files.
        """
        if self.rows < 2:
            return 0, []
        hashes = self._hashes([_quoted(name) for name in self.names])
        places = np.flatnonzero(_alike(hashes))
        if not len(places):
            return 0, []
        first = hashes[places]
        del hashes
        second = self._hashes([self._salted(name) for name in reversed(self.names)])[places]
        return _repeated(first, second, places, examples)

    def _hashes(self, values: Sequence[str]) -> "np.ndarray[Any, Any]":
        """A hash of 64 bits of each row's values, which are SQL; equal values have equal ones."""
        hashes = np.empty(self.rows, np.uint64)
        done = 0
        with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "512MB"}) as database:
            query = f"SELECT hash({', '.join(values)}) FROM read_parquet(?)"  # noqa: S608
            for batch in database.sql(query, params=[str(self._path)]).to_arrow_reader(131_072):
                hashes[done : done + batch.num_rows] = batch.column(0).to_numpy()
                done += batch.num_rows
        assert done == self.rows
        return hashes

    def _missing(self, columns: Sequence[str]) -> "np.ndarray[Any, Any]":
        """Which rows lack a value in one of the columns."""
        missing: np.ndarray[Any, Any] = np.zeros(self.rows, bool)
        done = 0
        for batch in self._file.iter_batches(131_072, columns=list(columns), use_threads=False):
            for column in batch.columns:
                if column.null_count or pa.types.is_floating(column.type):
                    none = pc.is_null(column, nan_is_null=True)
                    missing[done : done + batch.num_rows] |= none.to_numpy(zero_copy_only=False)
            done += batch.num_rows
        return missing

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


def _alike(hashes: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Which rows have a hash that another one has too."""
    ordered = np.sort(hashes)
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    alike: np.ndarray[Any, Any] = np.zeros(len(hashes), bool)
    if len(again):
        alike = pc.is_in(pa.array(hashes), value_set=pa.array(again)).to_numpy(zero_copy_only=False)
    return alike


def _repeated(
    first: "np.ndarray[Any, Any]",
    second: "np.ndarray[Any, Any]",
    places: "np.ndarray[Any, Any]",
    examples: int,
) -> tuple[int, list[int]]:
    """Count rows whose pair of hashes an earlier one has, one share of the values at a time."""
    shares = len(places) // _SORTED_ROWS + 1
    total, found = 0, list[int]()
    for share in range(shares):
        kept = np.flatnonzero(first % np.uint64(shares) == share)
        order = kept[np.lexsort((places[kept], second[kept], first[kept]))]
        one, other = first[order], second[order]
        later = (one[1:] == one[:-1]) & (other[1:] == other[:-1])
        total += int(np.count_nonzero(later))
        found += [int(row) + 1 for row in np.sort(places[order][1:][later])[:examples]]
    return total, sorted(found)[:examples]


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
