"""The worker's half of checking: one warm child process, bounded in time and memory, replaced when it crashes."""

import asyncio
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from infra.child_process import ChildCrashed, ChildProcess, ChildTimedOut, ProcessLimits
from infra.memory_budget import Claim, FilesBusy, MemoryBudget
from infra.settings import QUALITY_IDLE_MB
from quality.checks import Check, CheckResult, Measured
from quality.facts import OnProgress, RunFacts, RunProgress
from quality.runs.errors import CheckingFailed

START_SECONDS = 120
MEMORY_SECONDS = 120.0
"""How long a warm child waits for the memory of a run before it gives up what it holds itself."""

_LIBRARIES_MB = 2_048
"""What the libraries map before any data, most of it without touching it."""

_MEBIBYTE = 1024 * 1024

ENVIRONMENT = {
    "GX_ANALYTICS_ENABLED": "false",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}

_OnNote = Callable[[dict[str, Any]], None]


class Engine(Protocol):
    """What runs checks on a revision."""

    @property
    def version(self) -> str:
        """Name and version of the checking library."""

    async def start(self) -> None:
        """Make it ready, so that a run begins sooner.

        :raises CheckingFailed: it does not start.
        """

    async def stop(self) -> None:
        """End its processes."""

    async def run(
        self,
        checks: Sequence[Check],
        parquet_path: Path,
        facts: RunFacts,
        on_progress: OnProgress | None = None,
    ) -> Measured:
        """One result per check, in their order, and what was found of the rows as a whole.

        :raises CheckingFailed: they could not be carried out.
        """


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
        module: str = "quality.child",
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

    async def _answer(self, request: Mapping[str, Any], on_note: _OnNote) -> dict[str, Any]:
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


def request_of(checks: Sequence[Check], path: Path, facts: RunFacts, examples: int) -> dict[str, Any]:
    """What a checking process is asked."""
    return {
        "path": str(path),
        "checks": [check.to_json() for check in checks],
        "examples": examples,
        "facts": facts.to_json(),
    }


def on_note(on_progress: OnProgress | None) -> Callable[[dict[str, Any]], None]:
    """What hears the notes of a checking process."""

    def hear(note: dict[str, Any]) -> None:
        if on_progress is not None:
            on_progress(RunProgress(**note))

    return hear


def measured_of(checks: Sequence[Check], answer: Mapping[str, Any]) -> Measured:
    """What a checking process answered.

    :raises CheckingFailed: it says why it could not.
    """
    if "error" in answer:
        raise CheckingFailed(answer["error"], transient=False)
    pairs = zip(checks, answer["results"], strict=True)
    results = tuple(CheckResult.from_json(check, item) for check, item in pairs)
    return Measured(results, answer["rows"], answer["repeated"])


async def ask(
    child: ChildProcess, request: Mapping[str, Any], timeout_s: int, on_note: _OnNote | None = None
) -> dict[str, Any]:
    """Ask a checking process.

    :raises CheckingFailed: it gave no answer, and has been killed.
    """
    try:
        return await child.ask(request, timeout_s=timeout_s, on_note=on_note)
    except ChildTimedOut:
        raise CheckingFailed(f"The checks took longer than {timeout_s} seconds.", transient=False) from None
    except ChildCrashed as crash:
        # Killed by whomever: by the kernel for the machine's memory, or by a person. Its own limits end it otherwise.
        if crash.out_of_memory and crash.ending != f"signal {signal.SIGKILL:d}":
            raise CheckingFailed(
                "The check needs more memory than it may use; upload the data in smaller files.",
                transient=False,
            ) from None
        raise CheckingFailed(
            f"The checking process ended without an answer ({crash.ending}).", transient=True
        ) from None
