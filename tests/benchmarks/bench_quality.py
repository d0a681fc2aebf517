"""What twenty checks of a revision cost in time and memory: ``python -m tests.benchmarks.bench_quality``.

First beside Great Expectations itself: the same checks as its own expectations, on the same file in the same run, as
one suite call on a frame of pandas. Each in a process of its own that has loaded the library. The library's own time
is given with and without reading the file into the frame; ours always reads, and counts the repeated rows besides.

Then a large file in the checking process as the service starts it, against a million rows of the same: the time, and
the largest process.
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from infra.memory_budget import MemoryBudget
from quality.checks import Check, CheckType, Dimension, Measured
from quality.facts import RunFacts
from quality.runs.engines.warm import WarmEngine

MEBIBYTE = 1024 * 1024
MEMORY_MB = 2_048

COLUMNS = (
    "i AS id, 'S' || lpad((i % 500)::VARCHAR, 4, '0') AS station, "
    "TIMESTAMP '2020-01-01' + to_seconds(i // 500 * 60) AS at, "
    "(hash(i) % 900 / 10.0)::DECIMAL(6, 1) AS pm25, (90 + hash(i + 1) % 900 / 10.0)::DECIMAL(6, 1) AS pm10, "
    "['good', 'fair', 'poor'][1 + i % 3] AS level, 'reading ' || i AS note, "
    "(hash(i) % 180000)::DOUBLE / 1000 - 90 AS lat, (hash(i * 3) % 360000)::DOUBLE / 1000 - 180 AS lon, "
    "(hash(i * 7) % 1000)::INT AS visits, DATE '2020-01-01' + (i // 720000)::INT AS day"
)
"""Columns over a number ``i``."""

NAMES = ("id", "station", "at", "pm25", "level", "note")
RANGES = {"pm25": (0, 1000), "pm10": (0, 1000), "lat": (-90, 90), "lon": (-180, 180), "visits": (0, 1000)}
PATTERNS = {"station": "S[0-9]{4}", "note": "reading [0-9]+"}
LEVELS = ["good", "fair", "poor"]


def checks() -> list[Check]:
    """Twenty checks."""

    def check(kind: CheckType, *columns: str, **arguments: Any) -> Check:
        return Check(kind, columns, Dimension.ACCURACY, arguments)

    made = [check(CheckType.ROW_COUNT, minimum="1")]
    made += [check(CheckType.NOT_NULL, name) for name in NAMES]
    made += [check(CheckType.UNIQUE, "id"), check(CheckType.UNIQUE, "note")]
    made += [check(CheckType.UNIQUE_TOGETHER, "station", "at")]
    made += [
        check(CheckType.BETWEEN, name, minimum=str(low), maximum=str(high))
        for name, (low, high) in RANGES.items()
    ]
    made += [check(CheckType.MATCHES, name, pattern=pattern) for name, pattern in PATTERNS.items()]
    made += [check(CheckType.IN_SET, "level", values=LEVELS), check(CheckType.NOT_LESS, "pm10", "pm25")]
    return [*made, check(CheckType.INCREASING, "at")]


def make(path: Path, rows: int) -> None:
    """Write a file of so many rows as an upload is kept."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY (SELECT {COLUMNS} FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)")


def library(path: str) -> tuple[float, float, int]:
    """Great Expectations by itself: seconds to read, seconds of the suite call, and the peak of resident bytes."""
    import great_expectations as gx
    from great_expectations import expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    gxe: Any = expectations
    suite = [gxe.ExpectTableRowCountToBeBetween(min_value=1)]
    suite += [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in NAMES]
    suite += [gxe.ExpectColumnValuesToBeUnique(column=name) for name in ("id", "note")]
    suite += [gxe.ExpectCompoundColumnsToBeUnique(column_list=["station", "at"])]
    suite += [
        gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high)
        for name, (low, high) in RANGES.items()
    ]
    suite += [
        gxe.ExpectColumnValuesToMatchRegex(column=name, regex=f"^{pattern}$")
        for name, pattern in PATTERNS.items()
    ]
    suite += [gxe.ExpectColumnValuesToBeInSet(column="level", value_set=LEVELS)]
    suite += [
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="pm10", column_B="pm25", or_equal=True, ignore_row_if="either_value_is_missing"
        ),
        gxe.ExpectColumnValuesToBeIncreasing(column="at", strictly=False),
    ]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batches = context.data_sources.add_pandas("file").add_dataframe_asset("frame")
    definition = batches.add_batch_definition_whole_dataframe("all")
    began = time.perf_counter()
    # Decimals as binary numbers, as was done before bounds were compared exactly: as objects it takes minutes.
    read = pq.read_table(path, use_threads=False)
    for place, field in enumerate(read.schema):
        if field.name in {"pm25", "pm10"}:
            read = read.set_column(place, field.name, read.column(place).cast("double"))
    frame = read.to_pandas(date_as_object=False)
    del read
    loaded = time.perf_counter()
    outcome = definition.get_batch({"dataframe": frame}).validate(
        gx.ExpectationSuite(name="suite", expectations=suite),
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": 5},
    )
    ended = time.perf_counter()
    assert outcome.success
    assert len(outcome.results) == len(suite) == len(checks())
    return loaded - began, ended - loaded, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def ours(path: str) -> tuple[float, int]:
    """The same checks by the service's engine: seconds, and the peak of resident bytes."""
    from quality.engine import engine

    engine.warm_up()
    began = time.perf_counter()
    _all_pass(engine.run(checks(), Path(path), RunFacts()))
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def service(path: str) -> tuple[float, int]:
    """The same in the checking process and within its limits: seconds, and the peak of the largest process."""

    async def checked() -> float:
        with tempfile.TemporaryDirectory() as folder:
            budget = MemoryBudget(Path(folder), megabytes=2 * MEMORY_MB, queue=1, wait_s=60)
            engine = WarmEngine(timeout_s=3_600, memory_mb=MEMORY_MB, budget=budget)
            try:
                await engine.start()
                began = time.perf_counter()
                _all_pass(await engine.run(checks(), Path(path), RunFacts()))
                return time.perf_counter() - began
            finally:
                await engine.stop()

    seconds = asyncio.run(checked())
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _all_pass(measured: Measured) -> None:
    assert measured.repeated == 0
    for result in measured.results:
        assert result.error is None, f"{result.check.name}: {result.error}"
        assert result.failing == 0, f"{result.check.name}: {result.failing}"


def in_process(work: Any, path: Path) -> Any:
    """One measurement in a process that has done nothing before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, str(path)).result()


def main() -> None:
    """Print both tables, medians of the runs."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--large", type=int, default=20_000_000, help="0 leaves the second table out")
    asked.add_argument("--runs", type=int, default=3)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-quality-") as name:
        path = Path(name) / "small.parquet"
        make(path, given.rows)
        runs = [(in_process(library, path), in_process(ours, path)) for _ in range(given.runs)]
        read, suite, peak = (statistics.median(one[0][place] for one in runs) for place in range(3))
        seconds, largest = (statistics.median(one[1][place] for one in runs) for place in range(2))
        beside = Table(
            "rows",
            "read s",
            "library s",
            "ours s",
            "to library",
            "with reading",
            "library MiB",
            "ours MiB",
            "memory",
        )
        beside.add_row(
            f"{given.rows:,}", f"{read:.2f}", f"{suite:.2f}", f"{seconds:.2f}", f"{seconds / suite:.2f}",
            f"{seconds / (read + suite):.2f}", f"{peak / MEBIBYTE:,.0f}", f"{largest / MEBIBYTE:,.0f}",
            f"{largest / peak:.2f}",
        )  # fmt: skip
        Console(width=120).print(beside)
        if not given.large:
            return
        table = Table("rows", "s", "times", "largest process MiB")
        first, largest = in_process(service, path)
        table.add_row(f"{given.rows:,}", f"{first:.2f}", "1.0", f"{largest / MEBIBYTE:,.0f}")
        path = Path(name) / "large.parquet"
        make(path, given.large)
        seconds, largest = in_process(service, path)
        table.add_row(
            f"{given.large:,}", f"{seconds:.2f}", f"{seconds / first:.1f}", f"{largest / MEBIBYTE:,.0f}"
        )
        Console(width=120).print(table)


if __name__ == "__main__":
    main()
