"""Great Expectations on pandas, in one warm child process: bounded in time and memory, replaced when it crashes."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.child_process import ChildProcess, ProcessLimits
from infra.memory_budget import Claim, FilesBusy, MemoryBudget
from infra.settings import QUALITY_IDLE_MB
from quality.checks import Check, Measured
from quality.facts import OnProgress, RunFacts
from quality.runs.engines.asking import (
    ENVIRONMENT,
    START_SECONDS,
    OnNote,
    ask,
    measured_of,
    on_note,
    request_of,
)

MEMORY_SECONDS = 120.0
"""How long a warm child waits for the memory of a run before it gives up what it holds itself."""

_LIBRARIES_MB = 2_048
"""What the libraries map before any data, most of it without touching it."""

_MEBIBYTE = 1024 * 1024


class WarmEngine:
    """Great Expectations in a child process that outlives a run and not a fault.

    :param timeout_s: seconds one run may take.
    :param memory_mb: memory one run may take, libraries included.
    :param budget: of the machine, which the child's memory is claimed from: a little while it is idle, all of it for a
        run, which waits until there is enough.
    :param examples: failing rows kept per check.
    :param module: the child's.
    """

    def __init__(
        self,
        *,
        timeout_s: int,
        memory_mb: int,
        budget: MemoryBudget,
        examples: int = 5,
        module: str = "quality.engine.child",
    ) -> None:
        self._module = module
        self._timeout_s = timeout_s
        self._limits = ProcessLimits(
            address_space_bytes=(memory_mb + _LIBRARIES_MB) * _MEBIBYTE, data_bytes=memory_mb * _MEBIBYTE
        )
        self._memory_mb = memory_mb
        self._budget = budget
        self._examples = examples
        self._child: ChildProcess | None = None
        self._holds_all = False
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._version = ""
        self._turn = asyncio.Lock()

    @property
    def version(self) -> str:
        """Name and version of the checking library; empty before the first start."""
        return self._version

    async def start(self) -> None:
        """Start the child and wait until it is ready (some seconds); nothing to do when it runs.

        :raises CheckingFailed: it does not start.
        """
        async with self._turn:
            await self._started()

    async def run(
        self,
        checks: Sequence[Check],
        parquet_path: Path,
        facts: RunFacts,
        on_progress: OnProgress | None = None,
    ) -> Measured:
        """Run the checks on a revision; one run at a time.

        :param on_progress: told how far the run is; what it raises ends the run and is raised here.

        :raises CheckingFailed: out of time or memory, too large, or the process crashed.
        """
        request = request_of(checks, parquet_path, facts, self._examples)
        async with self._turn:
            answer = await self._answer(request, on_note(on_progress))
        return measured_of(checks, answer)

    async def stop(self) -> None:
        """End the child."""
        if self._child is not None:
            await self._child.kill()
            self._child, self._holds_all = None, False
        if self._home is not None:
            self._home.cleanup()
            self._home = None

    async def _answer(self, request: Mapping[str, Any], on_note: OnNote) -> dict[str, Any]:
        """Give the child all of its memory for one request, and take it back."""
        child, claim = await self._with_memory()
        try:
            child.bound_data(self._memory_mb * _MEBIBYTE)
            answer = await ask(child, request, self._timeout_s, on_note)
            child.bound_data(QUALITY_IDLE_MB * _MEBIBYTE)
            if self._holds_all or (child.data_bytes or 0) > QUALITY_IDLE_MB * _MEBIBYTE:
                await self.stop()
            return answer
        finally:
            claim.release()

    async def _with_memory(self) -> tuple[ChildProcess, Claim]:
        """The child, and a claim on all that it needs besides what it holds while it is idle.

        After some time without success the child is ended, and another started once there is memory for all of the
        run: idle children of several workers could otherwise hold all there is, and wait for each other.
        """
        child = await self._started()
        try:
            claim = await self._budget.take(max(self._memory_mb - QUALITY_IDLE_MB, 0), wait_s=MEMORY_SECONDS)
        except FilesBusy:
            await self.stop()
            claim = await self._budget.take(self._memory_mb, wait_s=None)
            child = await self._started(claim)
            self._holds_all = True
        return child, claim

    async def _started(self, claim: Claim | None = None) -> ChildProcess:
        """The child that runs, or one that holds this claim until it ends; otherwise as much as an idle one needs."""
        if self._child is not None and self._child.running:
            return self._child
        await self.stop()
        self._home = tempfile.TemporaryDirectory(prefix="quality-", ignore_cleanup_errors=True)
        if claim is None:
            claim = await self._budget.take(min(QUALITY_IDLE_MB, self._memory_mb), wait_s=None)
        try:
            self._child = await ChildProcess.start(
                self._module,
                limits=self._limits,
                home=Path(self._home.name),
                claim=claim,
                environment=ENVIRONMENT,
            )
        finally:
            claim.release()
        self._version = str((await ask(self._child, {}, START_SECONDS))["version"])
        self._child.bound_data(QUALITY_IDLE_MB * _MEBIBYTE)
        return self._child
