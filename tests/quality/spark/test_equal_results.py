"""The same suite on pandas and on Spark: every type of check on columns of every type, result by result."""

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from infra.settings import Settings
from quality.checks import UNSCORED, Check, CheckResult, CheckType, Dimension
from quality.facts import RunFacts, reference_key
from quality.runs.engines.spark import SparkEngine
from quality.runs.engines.warm import WarmEngine
from tests.support.budget import roomy

DAYS = [
    "0001-01-01",
    "1500-02-28",
    "1582-10-04",
    "1582-10-15",
    None,
    "9999-12-31",
    "2020-01-01",
    "2020-01-01",
]
TIMES = [
    "0001-01-01T00:00:00",
    "1500-02-28T01:02:03.000004",
    "1582-10-04T00:00:00",
    None,
    "1900-01-01T00:00:00.000001",
    "9999-12-31T23:59:59.999999",
    "2020-01-02T07:59:59",
    "2020-01-02T08:00:01",
]
LISTED = ["7", "0.2", "0.30", "x", "", "0", "-0", "true", "9007199254740993", "2020-01-01", "1500-02-28"]


def odd_table() -> pa.Table:
    """A column of each type a revision may have, with what is hard in each; names that a query could trip over."""
    given = ("0.10", "0.30", "0.31", None, "0.09", "0.2", "0.2", "99999999999999999999999999999999999.99")
    decimals = [None if text is None else Decimal(text) for text in given]
    floats = [0.1, 0.3, math.nan, None, math.inf, -0.0, 0.0, 1e300]
    texts = ["a", "", "é\n", "\U00020000x", None, "b\u0007c", "x", "x"]
    return pa.table(
        {
            "i": pa.array([1, 2**53 + 1, 2**53, None, -5, 7, 7, 7], pa.int64()),
            "I": pa.array([1, 2, 3, None, 5, 6, 7, 7], pa.int8()),
            "d.e `f` \"g\"": pa.array(decimals, pa.decimal128(37, 2)),
            "f": pa.array(floats, pa.float64()),
            "f4": pa.array([*floats[:7], 1.0], pa.float32()),
            "yes": pa.array([True, False, None, True, True, True, True, True]),
            "_metadata": pa.array(texts),
            "day": pa.array([None if d is None else dt.date.fromisoformat(d) for d in DAYS]),
            "row": pa.array([None if t is None else dt.datetime.fromisoformat(t) for t in TIMES], pa.timestamp("us")),
            "ends": pa.array([2**63 - 1, -(2**63), 2**63 - 1, -(2**63), 2**63 - 1, -(2**63), 0, None]),
            "beyond": [2.0**63, -(2.0**63), math.inf, -1e300, 1e19, -math.inf, -0.5, 1e300],
        }
    )  # fmt: skip


def suite(table: pa.Table) -> list[Check]:
    checks: list[Check] = []

    def ask(kind: str, /, *columns: str, **arguments: Any) -> None:
        checks.append(
            Check(CheckType(kind), columns, Dimension.ACCURACY, arguments, name=f"{kind} {len(checks)}")
        )

    ask("row_count", minimum="3", maximum="7")
    ask("no_repeated_rows")
    ask("not_null", "no such column")
    ask("not_less", "ends", "beyond")
    ask("not_less", "beyond", "ends")
    for name in table.column_names[:-2]:
        ask("not_null", name, missing_values=["7", "x", "", "true", "2020-01-01"])
        ask("in_set", name, values=LISTED)
        ask("matches", name, pattern="[0-9x]|2020.*|b.c")
        ask("well_formed", name)
        ask("between", name, minimum="0.10", maximum="0.30")
        ask("between", name, minimum="0.10", maximum="0.30", strict_minimum=True, strict_maximum=True)
        ask("between", name, minimum="9007199254740993", maximum="99999999999999999999999999999999999999")
        ask("between", name, minimum="1500-02-28T01:02:03.000004+08:00", maximum="2020-01-01")
        ask("not_after_arrival", name)
        ask("not_less", name, table.column_names[0])
        ask("not_less", table.column_names[0], name)
        ask("not_less", "day", name)
    for name in ("i", "f", "row"):
        ask("unique", name)
        ask("increasing", name)
    ask("unique_together", "yes", "day")
    ask("contains_all", "f", values=LISTED)
    ask("recent", "day", within="P1D")
    ask("recent", "row", within="P1M")
    shares = {"7": "0.5", "x": "0.1", "0.30": "0.4"}
    ask("distribution", "_metadata", baseline={"kind": "categories", "shares": shares}, maximum="0.1")
    deciles = ["0", "0.1", "0.1", "0.2", "0.3", "1", "2", "3", "4", "5", "6"]
    ask("distribution", "f", baseline={"kind": "quantiles", "quantiles": deciles}, maximum="0.1")
    ask("references", "I", product_id="p", column="i")
    ask("references", "i", product_id="p", column="i")
    ask("references", "i", product_id="gone", column="i")
    ask("sql", statement="SELECT * FROM revision WHERE f > 1")
    length = {"minimum": "1", "maximum": "1"}
    ask("expectation", "_metadata", type="expect_column_value_lengths_to_be_between", arguments=length)
    assert {check.type for check in checks} == set(CheckType) >= UNSCORED
    return checks


def told(one: CheckResult) -> str:
    return f"{one.satisfied}/{one.evaluated} {one.missing} {one.observed} {one.examples} {one.error}"


async def test_a_suite_of_every_type_of_check_has_the_same_results_on_both(
    pandas: WarmEngine, spark: SparkEngine, tmp_path: Path
) -> None:
    table, path = odd_table(), tmp_path / "odd.parquet"
    pq.write_table(table, path, row_group_size=3)
    facts = RunFacts(dt.datetime(2020, 1, 2, tzinfo=dt.UTC), {reference_key("p", "i"): path})
    checks = suite(table)
    try:
        expected = await pandas.run(checks, path, facts)
    finally:
        await pandas.stop()
    found = await spark.run(checks, path, facts)
    assert "pyspark" in spark.version
    assert (found.rows, found.repeated) == (expected.rows, expected.repeated)
    differing = [
        f"{a.check.name} {a.check.columns}: {told(a)} on pandas, {told(b)} on Spark"
        for a, b in zip(expected.results, found.results, strict=True)
        if a != b
    ]
    assert not differing, "\n".join(differing)
    carried_out = {one.check.type for one in found.results if one.error is None}
    assert carried_out == set(CheckType)


async def test_a_check_that_takes_too_long_is_the_failure_of_that_check(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({"n": range(300_000), "s": [str(n) for n in range(300_000)]}), path)
    impatient = SparkEngine(settings, roomy(tmp_path / "budget"), check_seconds=0.01)
    checks = [
        Check(CheckType(kind), (column,), Dimension.ACCURACY, arguments)
        for kind, column, arguments in (
            ("unique", "s", {}),
            ("increasing", "n", {}),
            ("not_null", "n", {}),
            ("matches", "s", {"pattern": "[0-9]+"}),
        )
    ]
    found = await impatient.run(checks, path, RunFacts())
    assert (found.rows, found.repeated) == (300_000, 0)
    assert {one.error for one in found.results} <= {None, "the check took too long"}
    assert [one.error for one in found.results[:2]] == ["the check took too long"] * 2
