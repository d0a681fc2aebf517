"""Great Expectations in its process: what it finds, what it cannot, and how it falls."""

import os
import random
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quality.checks import Check, CheckResult, CheckStatus, CheckType, Dimension
from quality.facts import RunFacts
from quality.runs.engines.warm import WarmEngine
from quality.runs.errors import CheckingFailed
from tests.support.budget import roomy

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


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


async def test_odd_columns_are_counted_or_refused_in_plain_words(
    warm_engine: WarmEngine, tmp_path: Path
) -> None:
    days = pa.array([2**31 - 1, -(2**31), 0], pa.int32()).cast(pa.date32())
    table = pa.table(
        {
            "row_number": [1, 2, 3],
            "d" * 1_000: days,
            "bytes": [b"secret", b"\xff\x00", None],
            "list": [[1], [2], None],
            "f": [1.5, 2.5, None],
            "huge": pa.array([Decimal("9" * 38), Decimal("-" + "9" * 38), None], pa.decimal128(38, 0)),
        }
    )
    listed = "expect_column_values_to_not_be_in_set"
    unequal = "expect_select_column_values_to_be_unique_within_record"
    first, far, hidden, huge, *unfit = await put(
        warm_engine,
        tmp_path,
        table,
        asked(CheckType.BETWEEN, "row_number", minimum="2"),
        asked(CheckType.BETWEEN, "d" * 1_000, minimum="0001-01-01", maximum="9999-12-31"),
        asked(CheckType.EXPECTATION, "bytes", "bytes", type=unequal),
        asked(CheckType.BETWEEN, "huge", maximum="9" * 38, strict_maximum=True),
        asked(CheckType.UNIQUE, "list"),
        asked(CheckType.INCREASING, "list"),
        asked(CheckType.EXPECTATION, "huge", type=listed, arguments={"values": ["$PARAMETER"]}),
        asked(CheckType.BETWEEN, "f", minimum="2020-01-01"),
    )
    assert (first.satisfied, first.error) == (2, None)
    assert (far.satisfied, [example.row for example in far.examples]) == (1, [1, 2])
    assert "2147483647" in far.examples[0].value
    assert (hidden.satisfied, "secret" in str(hidden.examples)) == (0, False)
    assert (huge.satisfied, huge.missing, huge.examples[0].value) == (1, 1, "9" * 38)
    misfit = "the check does not fit the column's type"
    assert [one.error for one in unfit] == [misfit, misfit, misfit, "'2020-01-01' is no number"]


async def test_an_empty_revision_is_empty_and_has_too_few_rows(
    warm_engine: WarmEngine, tmp_path: Path
) -> None:
    nothing = pa.table(
        {"n": pa.array([], pa.int64()), "s": pa.array([], pa.string()), "t": pa.array([], pa.timestamp("us"))}
    )
    baseline = {"kind": "categories", "shares": {"a": "1"}}
    rows, *others = await put(
        warm_engine,
        tmp_path,
        nothing,
        asked(CheckType.ROW_COUNT, minimum="1"),
        asked(CheckType.NO_REPEATED_ROWS),
        asked(CheckType.NOT_NULL, "n"),
        asked(CheckType.UNIQUE, "n"),
        asked(CheckType.UNIQUE_TOGETHER, "n", "s"),
        asked(CheckType.BETWEEN, "n", minimum="0"),
        asked(CheckType.IN_SET, "s", values=["a"]),
        asked(CheckType.MATCHES, "s", pattern="a"),
        asked(CheckType.WELL_FORMED, "s"),
        asked(CheckType.CONTAINS_ALL, "s", values=["a"]),
        asked(CheckType.INCREASING, "t"),
        asked(CheckType.NOT_LESS, "n", "n"),
        asked(CheckType.DISTRIBUTION, "s", baseline=baseline, maximum="0.1"),
        asked(CheckType.SQL, statement="SELECT row_number FROM revision WHERE n < 0"),
        asked(CheckType.EXPECTATION, "s", type="expect_column_values_to_be_json_parseable", arguments={}),
    )
    assert (rows.status, rows.observed) == (CheckStatus.FAILED, {"rows": 0})
    assert {one.check.type: one.status for one in others if one.status is not CheckStatus.EMPTY} == {}


async def test_times_of_mixed_zones_are_compared_as_instants_or_refused(
    warm_engine: WarmEngine, tmp_path: Path
) -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    table = pa.table(
        {
            "zoned": pa.array([noon], pa.timestamp("us", "America/New_York")),
            "utc": pa.array([noon.replace(tzinfo=None)], pa.timestamp("us")),
            "local": pa.array([noon.replace(tzinfo=None, hour=20)], pa.timestamp("us")),
        }
    )
    pq.write_table(table, tmp_path / "r.parquet")
    facts = RunFacts(arrived_at=noon, zones={"utc": "UTC"})
    checks = [asked(CheckType.NOT_AFTER_ARRIVAL, name) for name in table.column_names]
    checks += [
        asked(CheckType.BETWEEN, name, maximum="2026-05-01T20:00:00+08:00") for name in table.column_names
    ]
    checks += [asked(CheckType.BETWEEN, name, minimum="2026-05-01T12:00:01Z") for name in table.column_names]
    checks += [asked(CheckType.RECENT, name, within="PT1S") for name in table.column_names]
    checks += [asked(CheckType.NOT_LESS, "zoned", "utc")]
    found = (await warm_engine.run(checks, tmp_path / "r.parquet", facts)).results
    assert [one.satisfied for one in found] == [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0]
    assert "with and without a time zone" in str(found[-1].error)


def counts(folder: str, whole_bytes: int, batch_bytes: int) -> list[tuple[Any, ...]]:
    """Every type of check on the file in the folder, in a process of its own."""
    from quality.engine import engine, frames

    engine.WHOLE_BYTES, frames.BATCH_BYTES = whole_bytes, batch_bytes  # type: ignore[attr-defined]
    deciles = {"kind": "quantiles", "quantiles": [str(n) for n in range(0, 110, 10)]}
    shares = {"kind": "categories", "shares": {"a": "0.5"}}
    checks = [
        asked(CheckType.ROW_COUNT, minimum="1"),
        asked(CheckType.NO_REPEATED_ROWS),
        asked(CheckType.NOT_NULL, "s"),
        asked(CheckType.UNIQUE, "n"),
        asked(CheckType.UNIQUE, "s"),
        asked(CheckType.UNIQUE_TOGETHER, "n", "s"),
        asked(CheckType.BETWEEN, "n", minimum="10", maximum="90"),
        asked(CheckType.IN_SET, "s", values=["a"]),
        asked(CheckType.CONTAINS_ALL, "s", values=["a", "z"]),
        asked(CheckType.NOT_LESS, "n", "t"),
        asked(CheckType.INCREASING, "t"),
        asked(CheckType.DISTRIBUTION, "n", baseline=deciles, maximum="0.1"),
        asked(CheckType.DISTRIBUTION, "s", baseline=shares, maximum="0.1"),
        asked(CheckType.BETWEEN, "s", minimum="1"),
        asked(
            CheckType.EXPECTATION,
            "s",
            type="expect_column_values_to_not_be_in_set",
            arguments={"values": ["a"]},
        ),
    ]
    measured = engine.run(checks, Path(folder) / "r.parquet", RunFacts(), examples=3)
    told = [
        (one.check.name, one.evaluated, one.satisfied, one.missing, dict(one.observed), one.error)
        for one in measured.results
    ]
    rows = [tuple((example.row, example.value) for example in one.examples) for one in measured.results[:8]]
    return [(measured.rows, measured.repeated), *told, tuple(rows)]


def counts_of_single_blanks(folder: str) -> list[tuple[Any, ...]]:
    """What a check for repeated values counts in parts, in a process of its own."""
    from quality.engine import engine, frames

    engine.WHOLE_BYTES, frames.BATCH_BYTES = 0, 1_000  # type: ignore[attr-defined]
    checks = [
        asked(CheckType.UNIQUE, "k"),
        asked(CheckType.UNIQUE, "f"),
        asked(CheckType.UNIQUE_TOGETHER, "id", "k", "f"),
        asked(CheckType.NO_REPEATED_ROWS),
    ]
    measured = engine.run(checks, Path(folder) / "r.parquet", RunFacts(), examples=3)
    return [
        (one.failing, one.missing, [(example.row, example.value) for example in one.examples])
        for one in measured.results
    ]


def test_a_single_blank_of_a_large_revision_counts_against_its_key(tmp_path: Path) -> None:
    """No row is equal to it; it is still none that a row can be told by."""
    numbers = list(range(998))
    table = {
        "id": range(1_000),
        "k": [*numbers, None, 998],
        "f": [float("nan"), *map(float, numbers), 2_000.0],
    }
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(counts_of_single_blanks, str(tmp_path)).result()
    assert found == [
        (1, 1, [(999, "")]),
        (1, 1, [(1, "")]),
        (2, 2, [(1, "0, 0"), (999, "998, 997.0")]),
        (0, 0, []),
    ]


def test_a_large_revision_is_counted_as_a_small_one(tmp_path: Path) -> None:
    chance = random.Random(11)
    rows = [(chance.randint(0, 100), chance.choice(["a", "b", None]), n // 7 - n % 3) for n in range(60_000)]
    n, s, t = zip(*rows, strict=True)
    pq.write_table(pa.table({"n": n, "s": s, "t": t}), tmp_path / "r.parquet", row_group_size=9_000)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        at_once = pool.submit(counts, str(tmp_path), 10**9, 10**9).result()
        in_parts = pool.submit(counts, str(tmp_path), 0, 200_000).result()
    assert in_parts == at_once


async def test_what_was_never_allowed_is_an_error_of_that_check_alone(
    warm_engine: WarmEngine, tmp_path: Path
) -> None:
    """Suites are read before they are kept; one that comes from elsewhere still does no harm."""
    table = pa.table({"s": ["a" * 60 + "!"] * 100, "n": range(100)})
    *wrong, fine = await put(
        warm_engine,
        tmp_path,
        table,
        asked(CheckType.MATCHES, "s", pattern="(a+)+"),
        asked(CheckType.MATCHES, "s", pattern="(?=a)a"),
        asked(CheckType.SQL, statement="COPY revision TO '/tmp/out.csv'"),
        asked(CheckType.SQL, statement="SELECT * FROM read_text('/etc/passwd'), revision"),
        asked(CheckType.BETWEEN, "n", minimum="many"),
        asked(CheckType.RECENT, "s", within="P1D"),
        asked(CheckType.IN_SET, "s", list="../limits"),
        asked(CheckType.EXPECTATION, "s", type="expect_query_results_to_match_comparison", arguments={}),
        asked(CheckType.EXPECTATION, "s", type="expect_column_values_to_not_be_in_set", arguments={}),
        asked(CheckType.EXPECTATION, "s", type="expect_column_pair_values_to_be_equal"),
        asked(CheckType.EXPECTATION, type="expect_column_values_to_be_json_parseable"),
        asked(CheckType.REFERENCES, "n"),
        asked(CheckType.SQL),
        asked(CheckType.SQL, statement="SELECT * FROM revision WHERE n >= 90"),
    )
    assert [one.status for one in wrong] == [CheckStatus.ERROR] * len(wrong)
    assert all(one.error and len(one.error) < 500 for one in wrong)
    assert (fine.failing, fine.status) == (10, CheckStatus.FAILED)


async def test_of_ten_thousand_columns_those_of_the_checks_are_read(
    warm_engine: WarmEngine, tmp_path: Path
) -> None:
    table = pa.table({f"c{number}": [number, None] for number in range(10_000)})
    found = await put(
        warm_engine,
        tmp_path,
        table,
        asked(CheckType.NOT_NULL, "c9999"),
        asked(CheckType.BETWEEN, "c5000", maximum="5000"),
        asked(CheckType.SQL, statement="SELECT row_number FROM revision WHERE c7 IS NULL"),
    )
    assert [one.failing for one in found] == [1, 1, 1]


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
