"""How fast a file becomes a revision, and in how much memory: ``python -m tests.benchmarks.bench_ingest``.

Files of several shapes are made and converted as an upload is: encoding, types, Parquet, profile, personal information
and checksums, in a child process as the service starts it. Beside it, in the same run and by turns, DuckDB's own
``COPY`` of the same file to Parquet with as many threads, in a process of its own too: the bare limit.
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from infra.memory_budget import MemoryBudget
from listings.ingest.convert import convert
from listings.ingest.limits import MEBIBYTE, Limits

_AT = "TIMESTAMP '2020-01-01' + to_seconds(i % 100000000) AS at"
SHAPES = {
    "numbers": (
        "SELECT i AS id, i * 7919 % 100000 AS n, round((i * 104729 % 1000003) / 1000.0, 3)::DECIMAL(10, 3) AS v, "
        f"i * 13 % 24 AS hour, DATE '2020-01-01' + (i % 1500)::INT AS day, {_AT}, "
        "lpad((i * 17 % 99999)::VARCHAR, 6, '0') AS code, (i * 7 % 360)::DOUBLE / 3 AS degrees"
    ),
    "texts": (
        "SELECT i AS id, ['朝阳区', '海淀区', '东城区'][1 + i % 3] AS district, "
        "'北京市建国路' || (i * 37 % 9999) || '号' AS address, "
        "'空气质量监测站点说明文字第' || i || '条，数据来自城市环境监测总站。' AS note, "
        "DATE '2020-01-01' + (i % 1500)::INT AS day, i % 1000 AS pm25"
    ),
    "wide": "SELECT i AS id, "
    + ", ".join(
        f"i * {7919 + n} % 100000 / 100.0::DECIMAL(10, 2) AS v{n}" if n % 3 else f"i * {31 + n} % 997 AS v{n}"
        for n in range(80)
    ),
}
"""Queries over a number ``i``."""


def make(shape: str, path: Path, mebibytes: int) -> int:
    """Write a file of about this size; returns its rows."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        rows = 10_000
        for _ in range(2):
            made = f"COPY ({SHAPES[shape]} FROM range({rows}) t(i)) TO '{path}' (FORMAT csv, HEADER)"
            connection.execute(made)
            rows, written = mebibytes * MEBIBYTE * rows // path.stat().st_size, rows
    return written


def copy(path: str, target: str, threads: int) -> None:
    """The bare limit: what DuckDB does by itself."""
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY (FROM '{path}') TO '{target}' (FORMAT parquet)")


def upload(path: str, target: str, threads: int) -> None:
    """What the service does with an upload."""
    folder = Path(target).parent / "run"
    budget = MemoryBudget(folder, megabytes=4096, queue=1, wait_s=60)
    limits = Limits(threads=threads)
    asyncio.run(
        convert(Path(path), Path(target), filename="bench.csv", timeout_s=3_600, budget=budget, limits=limits)
    )


def measured(
    work: Callable[[str, str, int], None], path: str, target: str, threads: int
) -> tuple[float, float, int]:
    """Seconds of the clock, seconds of the processor and the peak of resident bytes of one run."""
    idle, before = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    work(path, target, threads)
    seconds = time.perf_counter() - began
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    if work is copy:
        used = own.ru_utime + own.ru_stime - idle.ru_utime - idle.ru_stime
        return seconds, used, own.ru_maxrss * 1024
    used = children.ru_utime + children.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used, children.ru_maxrss * 1024


def one(
    work: Callable[[str, str, int], None], path: Path, folder: Path, threads: int
) -> tuple[float, float, int]:
    """One run in a process that has done nothing before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, work, str(path), str(folder / "made.parquet"), threads).result()


def main() -> None:
    """Print seconds, ratio and peak memory side by side, medians of the runs."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mebibytes", type=int, default=1024)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    given = asked.parse_args()
    table = Table(
        "shape", "MiB", "rows", "COPY s", "upload s", "speed", "COPY CPU s", "upload CPU s", "CPU", "peak MiB"
    )
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as name:
        folder = Path(name)
        for shape in given.shapes:
            path = folder / f"{shape}.csv"
            rows = make(shape, path, given.mebibytes)
            runs = [
                (one(copy, path, folder, given.threads), one(upload, path, folder, given.threads))
                for _ in range(given.runs)
            ]
            bare, ours = (
                [statistics.median(figures) for figures in zip(*some, strict=True)]
                for some in zip(*runs, strict=True)
            )
            size = path.stat().st_size
            table.add_row(
                shape, f"{size // MEBIBYTE:,}", f"{rows:,}", f"{bare[0]:.1f}", f"{ours[0]:.1f}",
                f"{bare[0] / ours[0]:.2f}", f"{bare[1]:.1f}", f"{ours[1]:.1f}", f"{bare[1] / ours[1]:.2f}",
                f"{ours[2] / MEBIBYTE:,.0f}",
            )  # fmt: skip
            path.unlink()
    Console().print(table)


if __name__ == "__main__":
    main()
