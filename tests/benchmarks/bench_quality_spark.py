"""What the same twenty checks cost on Spark: ``.venv-spark/bin/python -m tests.benchmarks.bench_quality_spark``.

In the checking process as the worker starts it, Spark's start included; the memory is that of both processes together,
looked at ten times a second.
"""

import argparse
import asyncio
import contextlib
import resource
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.memory_budget import MemoryBudget
from infra.settings import Settings
from quality.facts import RunFacts
from quality.runs.engines.spark import SparkEngine, spark_lacks
from tests.benchmarks.bench_quality import MEBIBYTE, checks, make


async def measure(path: Path, folder: Path, memory_mb: int) -> tuple[float, int]:
    """Seconds of a run, and the most memory its processes had at once."""
    settings = Settings(
        data_dir=folder,
        quality_engine="spark",
        quality_memory_mb=memory_mb,
        file_memory_mb=max(4_096, memory_mb),
        quality_timeout_s=3_600,
    )
    budget = MemoryBudget(folder / "memory", megabytes=2 * memory_mb, queue=1, wait_s=60)
    engine, peak = SparkEngine(settings, budget), [0]
    began = time.perf_counter()
    running = asyncio.create_task(engine.run(checks(), path, RunFacts()))
    while not running.done():
        peak.append(_resident_bytes(engine.session_id))
        await asyncio.sleep(0.1)
    measured = await running
    assert measured.repeated == 0
    for result in measured.results:
        assert result.error is None, f"{result.check.name}: {result.error}"
        assert result.failing == 0, f"{result.check.name}: {result.failing}"
    return time.perf_counter() - began, max(peak)


def _resident_bytes(session: int | None) -> int:
    """Of all processes of a session."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                total += int(fields[21]) * resource.getpagesize()
    return total


def main() -> None:
    """Print a line for each size."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 20_000_000])
    asked.add_argument("--memory-mb", type=int, default=2_048)
    given = asked.parse_args()
    if (lacking := spark_lacks()) is not None:
        raise SystemExit(f"{lacking}: run make test-spark first")
    table = Table("rows", "s", "both processes MiB")
    with tempfile.TemporaryDirectory(prefix="bench-quality-") as name:
        for rows in given.rows:
            path = Path(name) / f"{rows}.parquet"
            make(path, rows)
            seconds, peak = asyncio.run(measure(path, Path(name), given.memory_mb))
            table.add_row(f"{rows:,}", f"{seconds:.1f}", f"{peak / MEBIBYTE:,.0f}")
            path.unlink()
    Console().print(table)


if __name__ == "__main__":
    main()
