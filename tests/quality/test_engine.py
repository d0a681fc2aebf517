"""Great Expectations in its process: what it finds, what it cannot, and how it falls."""

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quality.checks import Check, CheckResult, CheckStatus, CheckType, Dimension
from quality.facts import RunFacts
from quality.runs.errors import CheckingFailed
from quality.runs.runner import WarmEngine
from tests.support.budget import roomy

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def asked(kind: CheckType, *columns: str, **arguments: Any) -> Check:
    return Check(kind, columns, Dimension.ACCURACY, arguments)


async def put(engine: WarmEngine, folder: Path, table: pa.Table, *checks: Check) -> list[CheckResult]:
    pq.write_table(table, folder / "r.parquet")
    return list((await engine.run(checks, folder / "r.parquet", RunFacts())).results)


async def test_every_kind_of_check_counts_and_points(warm_engine: WarmEngine, tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": pa.array([1, 2, 2, None, -5]),
            "d": pa.array(["1.5", "2.5", "3.5", "4.5", "99.5"]).cast(pa.decimal128(5, 1)),
            "t": pa.array([1, 2, 1, None, 3], pa.int32()).cast(pa.date32()),
            "s": ["x", "y", "zebra", "x", None],
            "m": pa.array([3, 1, 5, 2, 2]),
        }
    )
    found = await put(
        warm_engine,
        tmp_path,
        table,
        asked(CheckType.ROW_COUNT, minimum="1"),
        asked(CheckType.NOT_NULL, "n"),
        asked(CheckType.UNIQUE, "n"),
        asked(CheckType.BETWEEN, "n", minimum="0"),
        asked(CheckType.BETWEEN, "d", minimum="0", maximum="10"),
        asked(CheckType.IN_SET, "s", values=["x", "y"]),
        asked(CheckType.MATCHES, "s", pattern="^.$"),
        asked(CheckType.INCREASING, "t"),
        asked(CheckType.NOT_LESS, "m", "n"),
        asked(CheckType.UNIQUE_TOGETHER, "s", "n"),
    )
    assert [(one.satisfied, one.evaluated) for one in found] == [
        (1, 1), (4, 5), (2, 5), (3, 5), (4, 5), (3, 5), (3, 5), (3, 5), (3, 5), (3, 5)
    ]  # fmt: skip
    assert [example.row for example in found[2].examples] == [2, 3]
    assert (found[3].examples[0].row, found[3].examples[0].value) == (5, "-5")
    assert found[5].examples[0].value == "z****a"


async def test_bad_input_is_a_clear_answer(warm_engine: WarmEngine, tmp_path: Path) -> None:
    table = pa.table({"nan": pa.nulls(3, pa.float64()), "s": ["a", "b", "c"]})
    absent, empty, unfit, fine = await put(
        warm_engine,
        tmp_path,
        table,
        asked(CheckType.NOT_NULL, "ghost"),
        asked(CheckType.BETWEEN, "nan", minimum="0"),
        asked(CheckType.BETWEEN, "s", minimum="0"),
        asked(CheckType.NOT_NULL, "s"),
    )
    assert absent.status is CheckStatus.ERROR
    assert "ghost" in str(absent.error)
    assert (empty.status, empty.missing) == (CheckStatus.FAILED, 3)
    assert unfit.status is CheckStatus.ERROR
    assert fine.status is CheckStatus.PASSED
    nothing = await put(warm_engine, tmp_path, table.slice(0, 0), asked(CheckType.ROW_COUNT, minimum="1"))
    assert nothing[0].status is CheckStatus.FAILED


async def test_the_order_of_rows_changes_no_count(warm_engine: WarmEngine, tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = [(chance.randint(0, 50), chance.choice(["a", "b", None])) for _ in range(200)]
    checks = [
        asked(CheckType.UNIQUE, "n"),
        asked(CheckType.BETWEEN, "n", maximum="40"),
        asked(CheckType.NOT_NULL, "s"),
    ]
    counts = set()
    for _ in range(3):
        chance.shuffle(rows)
        table = pa.table({"n": [n for n, _ in rows], "s": [s for _, s in rows]})
        found = await put(warm_engine, tmp_path, table, *checks)
        counts.add(tuple((one.satisfied, one.evaluated) for one in found))
    assert len(counts) == 1


async def test_a_killed_child_is_replaced_and_a_slow_one_killed(tmp_path: Path) -> None:
    pq.write_table(pa.table({"s": ["a" * 40 + "!"]}), tmp_path / "r.parquet")
    path = tmp_path / "r.parquet"
    engine = WarmEngine(timeout_s=3, memory_mb=2_048, budget=roomy(tmp_path))
    try:
        await engine.start()
        assert engine.version.startswith("great_expectations 1.")
        (refused,) = (
            await engine.run([asked(CheckType.MATCHES, "s", pattern="^(?=a)(a+)+$")], path, RunFacts())
        ).results
        assert "pattern cannot be used" in str(refused.error)
        assert engine._child is not None
        os.kill(engine._child._process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(CheckingFailed, match="longer than 3 seconds"):
            await engine.run([asked(CheckType.NOT_NULL, "s")], path, RunFacts())
        assert time.monotonic() - began < 10
        (fine,) = (await engine.run([asked(CheckType.NOT_NULL, "s")], path, RunFacts())).results
        assert fine.status is CheckStatus.PASSED
        child = engine._child
        assert child is not None
        os.kill(child._process.pid, signal.SIGKILL)
        await child._process.wait()
        assert (await engine.run([asked(CheckType.NOT_NULL, "s")], path, RunFacts())).results[
            0
        ].satisfied == 1
    finally:
        await engine.stop()


def test_this_process_never_loads_the_library() -> None:
    assert "great_expectations" not in sys.modules
