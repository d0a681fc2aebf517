"""Which engine checks a revision: pandas or Spark.

Without pyspark and Java everything runs on pandas, and a worker that is told to take Spark says what it lacks.
"""

from collections.abc import Sequence
from pathlib import Path

from infra.settings import Settings
from quality.checks import Check, Measured
from quality.facts import OnProgress, RunFacts
from quality.runs.engines.interface import Engine
from quality.runs.engines.spark import SparkEngine, spark_lacks
from quality.runs.engines.warm import WarmEngine


class ChosenEngine:
    """Pandas or Spark, by the setting and the size of the revision; what is found is the same.

    :param pandas: the engine that is kept warm.
    :param spark: the other one.
    """

    def __init__(self, settings: Settings, pandas: WarmEngine, spark: SparkEngine) -> None:
        self._settings = settings
        self._pandas = pandas
        self._spark = spark
        self._last: Engine = pandas

    @property
    def version(self) -> str:
        """Names and versions of the libraries of the last run."""
        return self._last.version

    async def start(self) -> None:
        """Make the pandas engine ready, unless nothing ever runs on it.

        :raises CheckingFailed: it does not start.
        """
        if self._settings.quality_engine != "spark":
            await self._pandas.start()

    async def run(
        self,
        checks: Sequence[Check],
        parquet_path: Path,
        facts: RunFacts,
        on_progress: OnProgress | None = None,
    ) -> Measured:
        """Run the checks on a revision.

        :raises CheckingFailed: they could not be carried out.
        """
        self._last = self._spark if self._takes_spark(parquet_path) else self._pandas
        if self._last is self._spark:
            await self._pandas.stop()  # and so give its memory back to the budget
        return await self._last.run(checks, parquet_path, facts, on_progress)

    async def stop(self) -> None:
        """End what runs."""
        await self._pandas.stop()
        await self._spark.stop()

    def _takes_spark(self, path: Path) -> bool:
        settings = self._settings
        if settings.quality_engine != "auto":
            return settings.quality_engine == "spark"
        if spark_lacks() is not None:
            return False
        import pyarrow.parquet as pq  # a worker that never takes Spark need not load it

        rows: int = pq.read_metadata(path).num_rows
        return rows >= settings.quality_spark_from_rows
