"""Which engine checks a revision, and the worker's half of the one on Spark: a child process for each run.

Spark is optional. Without pyspark and Java everything runs on pandas, and a worker that is told to take Spark says what
it lacks.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from infra.child_process import ChildProcess, ProcessLimits
from infra.memory_budget import MemoryBudget
from infra.settings import Settings
from quality.checks import Check, Measured
from quality.facts import OnProgress, RunFacts
from quality.runs.errors import CheckingFailed
from quality.runs.runner import (
    ENVIRONMENT,
    START_SECONDS,
    Engine,
    WarmEngine,
    ask,
    measured_of,
    on_note,
    request_of,
)

_PYTHON_MB = 768
_BESIDE_THE_HEAP_MB = 384
"""Memory that Java uses besides its heap: classes, compiled code, buffers, threads."""

_LEAST_HEAP_MB = 512
_MEBIBYTE = 1024 * 1024
_DISK_BYTES = 64 * 1024**3
"""Size of a file of what does not fit in memory."""


def spark_lacks() -> str | None:
    """What there is not, of what Spark needs; None when it can start."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed (requirements-spark.txt)"
    java = Path(os.environ.get("JAVA_HOME", "/nowhere"), "bin", "java")
    if not java.exists() and shutil.which("java") is None:
        return "there is no Java runtime (openjdk-17-jre-headless)"
    return None


class SparkEngine:
    """Great Expectations on Spark, in a child process for each run and the Java process that it starts.

    :param settings: where Spark runs, and what one run may take: its memory is that of both processes.
    :param budget: of the machine, which that memory is claimed from.
    :param examples: failing rows kept per check.
    """

    def __init__(self, settings: Settings, budget: MemoryBudget, *, examples: int = 5) -> None:
        self._settings = settings
        self._budget = budget
        self._examples = examples
        self._version = ""
        self._child: ChildProcess | None = None

    @property
    def version(self) -> str:
        """Names and versions of the libraries; empty before the first run."""
        return self._version

    @property
    def session_id(self) -> int | None:
        """Of the processes of the run under way; None between runs."""
        return None if self._child is None else self._child.pid

    async def start(self) -> None:
        """Nothing: Spark takes too much memory to be kept for a run that may come."""

    async def run(
        self,
        checks: Sequence[Check],
        parquet_path: Path,
        facts: RunFacts,
        on_progress: OnProgress | None = None,
    ) -> Measured:
        """Run the checks on a revision.

        :raises CheckingFailed: Spark is not there or does not start, the run took too long, or the process crashed.
        """
        settings = self._settings
        if (lacking := spark_lacks()) is not None:
            raise CheckingFailed(f"Spark cannot be used: {lacking}.", transient=False)
        heap_mb = settings.quality_memory_mb - _PYTHON_MB - _BESIDE_THE_HEAP_MB
        if heap_mb < _LEAST_HEAP_MB:
            least = _LEAST_HEAP_MB + _PYTHON_MB + _BESIDE_THE_HEAP_MB
            raise CheckingFailed(f"Spark needs a quality_memory_mb of {least} at least.", transient=False)
        with tempfile.TemporaryDirectory(prefix="quality-spark-", ignore_cleanup_errors=True) as home:
            self._child = await self._started(Path(home))
            try:
                place = {
                    "master": settings.quality_spark_master,
                    "driver_host": settings.quality_spark_driver_host,
                    "heap_mb": heap_mb,
                }
                answer = await ask(self._child, place, START_SECONDS)
                if "error" not in answer:
                    self._version = answer["version"]
                    request = request_of(checks, parquet_path, facts, self._examples)
                    answer = await ask(self._child, request, settings.quality_timeout_s, on_note(on_progress))
            finally:
                await self.stop()
        return measured_of(checks, answer)

    async def stop(self) -> None:
        """End the run, if there is one, and Java with it."""
        if self._child is not None:
            await self._child.kill()
            self._child = None

    async def _started(self, home: Path) -> ChildProcess:
        claim = await self._budget.take(self._settings.quality_memory_mb, wait_s=None)
        java = {"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}
        try:
            return await ChildProcess.start(
                "quality.spark_child",
                limits=ProcessLimits(resident_bytes=_PYTHON_MB * _MEBIBYTE, file_bytes=_DISK_BYTES),
                home=home,
                claim=claim,
                environment=ENVIRONMENT | java,
            )
        finally:
            claim.release()


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
