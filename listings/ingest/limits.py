"""Bounds of one ingest."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.child_process import ProcessLimits

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE

ENGINE_BYTES_PER_COLUMN = 640 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. The defaults serve a machine with 4 GiB to spare.

    :param source_bytes: size of the file.
    :param columns: a wider table is refused, with its count.
    :param rows: a longer table is refused.
    :param cells: rows × columns; stops a small Parquet file that claims to be an enormous table.
    :param expanded_bytes: uncompressed size a Parquet file may state, and size of the file written.
    :param record_bytes: the longest single record of a text format.
    :param address_space_bytes: the child's whole address space: DuckDB reserves far more than it uses.
    :param unpacking_bytes: the same while a Parquet or Arrow file is unpacked, whose pages may lie about sizes.
    :param engine_bytes: what DuckDB may hold before it spills to disk, for a table of ordinary width.
    :param threads: of DuckDB.
    """

    source_bytes: int = 2 * GIBIBYTE
    columns: int = 2_000
    rows: int = 200_000_000
    cells: int = 4_000_000_000
    expanded_bytes: int = 16 * GIBIBYTE
    record_bytes: int = 2_000_000
    address_space_bytes: int = 16 * GIBIBYTE
    unpacking_bytes: int = 4 * GIBIBYTE
    engine_bytes: int = 192 * MEBIBYTE
    threads: int = 2

    def process_limits(self, seconds: int) -> ProcessLimits:
        """Bounds of the child process.

        :param seconds: of the clock; every thread may work for so long.
        """
        return ProcessLimits(
            address_space_bytes=self.address_space_bytes,
            cpu_seconds=max(seconds, 1) * self.threads,
            file_bytes=self.expanded_bytes,
        )

    def engine_bytes_for(self, columns: int) -> int:
        """What DuckDB may hold for a table of so many columns: each needs its vectors, spill or not."""
        return self.engine_bytes + max(columns - 50, 0) * ENGINE_BYTES_PER_COLUMN

    def rows_per_group(self, columns: int) -> int:
        """Rows of a Parquet row group: about 100,000, fewer for wide tables so that one fits in memory."""
        return max(2_048, min(102_400, 3_000_000 // max(columns, 1) // 2_048 * 2_048))


@contextmanager
def unpacking(limits: Limits) -> Iterator[None]:
    """Hold this process to less address space while something untrusted is unpacked in it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = limits.unpacking_bytes if soft == resource.RLIM_INFINITY else min(soft, limits.unpacking_bytes)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    except (OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
