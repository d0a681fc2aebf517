"""Great Expectations on Spark, in a child process for each run. Spark is optional."""

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
from quality.limits import CHECK_SECONDS
from quality.runs import reasons
from quality.runs.engines.asking import ENVIRONMENT, START_SECONDS, ask, measured_of, on_note, request_of
from quality.runs.errors import CheckingFailed

_PYTHON_MB = 768
"""Of the Python process, and of the one that SQL statements run in."""

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
    :param check_seconds: that a run may stay at one check.
    """

    def __init__(
        self,
        settings: Settings,
        budget: MemoryBudget,
        *,
        examples: int = 5,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._settings = settings
        self._check_seconds = check_seconds
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
            raise CheckingFailed(reasons.SPARK_MISSING.of(lacking=lacking), transient=False)
        heap_mb = settings.quality_memory_mb - _PYTHON_MB - _BESIDE_THE_HEAP_MB
        if heap_mb < _LEAST_HEAP_MB:
            least = _LEAST_HEAP_MB + _PYTHON_MB + _BESIDE_THE_HEAP_MB
            raise CheckingFailed(reasons.SPARK_MEMORY.of(least=least), transient=False)
        with tempfile.TemporaryDirectory(prefix="quality-spark-", ignore_cleanup_errors=True) as home:
            self._child = await self._started(Path(home))
            try:
                place = {
                    "master": settings.quality_spark_master,
                    "driver_host": settings.quality_spark_driver_host,
                    "heap_mb": heap_mb,
                    "python_mb": _PYTHON_MB,
                }
                answer = await ask(self._child, place, START_SECONDS)
                if "error" not in answer:
                    self._version = answer["version"]
                    request = request_of(checks, parquet_path, facts, self._examples)
                    request["check_seconds"] = self._check_seconds
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
                "quality.spark.child",
                limits=ProcessLimits(resident_bytes=_PYTHON_MB * _MEBIBYTE, file_bytes=_DISK_BYTES),
                home=home,
                claim=claim,
                environment=ENVIRONMENT | java,
            )
        finally:
            claim.release()
