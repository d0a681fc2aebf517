"""Which engine a run takes, and what is said where Spark cannot be had. What Spark finds: ``tests/quality/spark``."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from infra.settings import Settings
from quality.facts import RunFacts
from quality.runs.engines import chosen as choice
from quality.runs.engines import spark as spark_engine
from quality.runs.engines.chosen import ChosenEngine
from quality.runs.engines.spark import SparkEngine
from quality.runs.engines.warm import WarmEngine
from quality.runs.errors import CheckingFailed
from tests.support.budget import roomy


def chosen(settings: Settings, folder: Path) -> ChosenEngine:
    budget = roomy(folder)
    return ChosenEngine(
        settings, WarmEngine(timeout_s=60, memory_mb=2_048, budget=budget), SparkEngine(settings, budget)
    )


@pytest.mark.parametrize(
    ("engine", "from_rows", "lacking", "spark"),
    [
        ("auto", 3, None, True),
        ("auto", 4, None, False),
        ("auto", 0, "pyspark", False),
        ("pandas", 0, None, False),
        ("spark", 4, "pyspark", True),
    ],
)
def test_spark_is_taken_for_large_revisions_where_it_is_installed(
    engine: str,
    from_rows: int,
    lacking: str | None,
    spark: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pq.write_table(pa.table({"n": [1, 2, 3]}), tmp_path / "r.parquet")
    settings = Settings.model_validate({"quality_engine": engine, "quality_spark_from_rows": from_rows})
    monkeypatch.setattr(choice, "spark_lacks", lambda: lacking)
    assert chosen(settings, tmp_path)._takes_spark(tmp_path / "r.parquet") is spark


async def test_a_worker_told_to_take_spark_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_engine, "find_spec", lambda _: None)
    engine = chosen(Settings(quality_engine="spark"), tmp_path)
    await engine.start()  # loads nothing
    with pytest.raises(CheckingFailed, match=r"pyspark is not installed \(requirements-spark.txt\)"):
        await engine.run([], tmp_path / "r.parquet", RunFacts())


async def test_spark_is_not_started_in_less_memory_than_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_engine, "spark_lacks", lambda: None)
    engine = chosen(Settings(quality_engine="spark", quality_memory_mb=1_024), tmp_path)
    with pytest.raises(CheckingFailed, match="quality_memory_mb of 1664 at least"):
        await engine.run([], tmp_path / "r.parquet", RunFacts())


@pytest.mark.parametrize("master", ["yarn", "local[2]; rm", "spark://", "http://host"])
def test_only_this_machine_or_a_spark_cluster_can_be_named(master: str) -> None:
    with pytest.raises(ValidationError):
        Settings(quality_spark_master=master)
