"""Bounds of one ingest.

What may be uploaded can be served. A page of data holds one row at least and 8 MiB at most; JSON writes a byte of text
as six at worst (``\\u0001``), so that a row of `MAX_ROW_BYTES` always fits. `MAX_CELL_BYTES` leaves room for a large
geometry or document, and for its neighbours. A row group holds few enough bytes for a query engine of 128 MB to hold
several of them.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from infra.child_process import ProcessLimits

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE

ENGINE_BYTES_PER_COLUMN = 640 * 1024

MAX_CELL_BYTES = 512 * 1024
"""The longest value: UTF-8 bytes of a text, or of the JSON text of a nested value."""

MAX_ROW_BYTES = MEBIBYTE
"""The widest row: the names of its columns, its texts in UTF-8, and `PLAIN_VALUE_BYTES` for each other value."""

MAX_NAMES_BYTES = 256 * 1024
"""The names of all columns together, in UTF-8: every row of an answer repeats them."""

PLAIN_VALUE_BYTES = 48
"""What a number, date or boolean takes at most where it is written, its punctuation included."""

MAX_NESTING = 16
"""How many lists, structs and maps a value may lie in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    :param source_bytes: size of the file.
    :param columns: a wider table is refused, with its count.
    :param rows: a longer table is refused.
    :param cells: rows × columns; stops a small Parquet file that claims to be an enormous table.
    :param counted_columns: columns that count for it at most.
    :param expanded_bytes: uncompressed size a Parquet file may state, and size of the file written.
    :param unpacked_bytes: size of what a compressed file holds.
    :param unpacked_ratio: how many times larger than the compressed file that may be.
    :param record_bytes: the longest single record of a text format.
    :param cell_bytes: see `MAX_CELL_BYTES`; ``row_bytes`` and ``names_bytes`` likewise.
    :param group_bytes: size of a row group of the file written, uncompressed.
    :param memory_bytes: memory of the child. Its parent looks and kills it; while a Parquet or Arrow file is unpacked,
        whose pages may lie about their sizes, the kernel does not give it more either (see :func:`unpacking`).
    :param address_space_bytes: the child's whole address space: DuckDB reserves far more than it uses.
    :param engine_bytes: what DuckDB may hold before it spills to disk, for a table of ordinary width.
    :param threads: of DuckDB.
    """

    source_bytes: int = 2 * GIBIBYTE
    columns: int = 2_000
    rows: int = 200_000_000
    cells: int = 4_000_000_000
    counted_columns: int = 2_000
    expanded_bytes: int = 16 * GIBIBYTE
    unpacked_bytes: int = 8 * GIBIBYTE
    unpacked_ratio: int = 500
    record_bytes: int = 2_000_000
    cell_bytes: int = MAX_CELL_BYTES
    row_bytes: int = MAX_ROW_BYTES
    names_bytes: int = MAX_NAMES_BYTES
    group_bytes: int = 16 * MEBIBYTE
    memory_bytes: int = GIBIBYTE
    address_space_bytes: int = 16 * GIBIBYTE
    engine_bytes: int = 192 * MEBIBYTE
    threads: int = 2

    def allows(self, rows: int, columns: int) -> bool:
        """Whether a table of this size is taken."""
        return rows <= self.rows and rows * min(columns, self.counted_columns) <= self.cells

    def process_limits(self, seconds: int) -> ProcessLimits:
        """Bounds of the child process.

        :param seconds: of the clock; every thread may work for so long.
        """
        return ProcessLimits(
            address_space_bytes=self.address_space_bytes,
            resident_bytes=self.memory_bytes,
            cpu_seconds=max(seconds, 1) * self.threads,
            file_bytes=self.expanded_bytes,
        )

    def engine_bytes_for(self, columns: int) -> int:
        """What DuckDB may hold for a table of so many columns: each needs its vectors, spill or not."""
        wanted = self.engine_bytes + max(columns - 50, 0) * ENGINE_BYTES_PER_COLUMN
        return min(wanted, self.memory_bytes - 256 * MEBIBYTE)

    def rows_per_group(self, columns: int) -> int:
        """Rows of a Parquet row group: about 100,000, fewer for wide tables so that one fits in memory."""
        return max(2_048, min(102_400, 3_000_000 // max(columns, 1) // 2_048 * 2_048))


@contextmanager
def unpacking(limits: Limits) -> Iterator[None]:
    """Have the kernel give this process no more memory than the limit while something untrusted is unpacked in it.

    Not for longer: DuckDB's allocator keeps far more mapped than it uses.
    """
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
