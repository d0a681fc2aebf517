"""Without pyspark and Java these tests say so instead of failing; ``make test-spark`` installs the one."""

from pathlib import Path

import pytest

from infra.settings import Settings
from quality.runs.engines.spark import SparkEngine, spark_lacks
from quality.runs.engines.warm import WarmEngine
from tests.support.budget import roomy


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    if (lacking := spark_lacks()) is not None:
        pytest.skip(f"{lacking}: run make test-spark")
    return Settings(data_dir=tmp_path / "data", quality_engine="spark", quality_spark_master="local[2]")


@pytest.fixture
def spark(settings: Settings, tmp_path: Path) -> SparkEngine:
    return SparkEngine(settings, roomy(tmp_path / "budget-of-spark"))


@pytest.fixture
def pandas(tmp_path: Path) -> WarmEngine:
    return WarmEngine(timeout_s=300, memory_mb=2_048, budget=roomy(tmp_path / "budget-of-pandas"))
