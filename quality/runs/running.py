"""What a worker does with a run: watched, so that its progress is written down and a cancellation seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from infra.db import transaction
from infra.jobs import JobContext
from infra.objects import ObjectMissing
from quality.checks import Check, Measured
from quality.facts import RunFacts, RunProgress
from quality.runs import reasons, repository
from quality.runs.engines.interface import Engine
from quality.runs.errors import CheckingFailed
from quality.runs.tables import QualityRun

WATCH_SECONDS = 1.0
"""How often the progress is written down, and a cancellation seen."""

Probe = Callable[[JobContext, UUID], Awaitable[str | None]]
"""Reads a revision as its buyers will: why that cannot be done, or None. The worker says which."""

TRIES = 2
"""How often a run is begun whose process crashed."""

log = structlog.get_logger()


class RunCancelled(Exception):
    """The run was cancelled, or was begun anew elsewhere, while it was worked on."""


class Watch:
    """How far one run is, and whether it is still wanted."""

    def __init__(self, context: JobContext, run: QualityRun) -> None:
        assert run.started_at is not None
        self._context = context
        self._run_id: UUID = run.id
        self._started_at: datetime = run.started_at
        self._progress = self._written = RunProgress(0, len(run.checks))

    def on_progress(self, progress: RunProgress) -> None:
        """Note how far it is."""
        self._progress = progress

    async def keep(self) -> None:
        """Write the progress down about once a second.

        :raises RunCancelled: it is not wanted any more.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            async with transaction(self._context.sessions) as session:
                if not await repository.is_running(session, self._run_id, self._started_at):
                    raise RunCancelled
                if self._progress != self._written:
                    await repository.write_progress(session, self._run_id, self._progress)
            self._written = self._progress


async def carry_out(
    context: JobContext, engine: Engine, run: QualityRun, watch: Watch, probe: Probe
) -> Measured:
    """Run the checks of a run that was started, while it is watched.

    The library is loaded, where it is not, while the revision is read as its buyers will.

    :raises CheckingFailed: they could not be carried out.
    :raises RunCancelled: the run is not wanted any more; its process was ended.
    """
    doing = asyncio.create_task(_probed(context, engine, run, watch, probe))
    watching = asyncio.create_task(watch.keep())
    try:
        await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            watching.result()  # what ended it: the cancellation, or the database that went away
        return await doing
    finally:
        for task in (doing, watching):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _probed(
    context: JobContext, engine: Engine, run: QualityRun, watch: Watch, probe: Probe
) -> Measured:
    starting = asyncio.create_task(engine.start())
    try:
        if (reason := await probe(context, run.revision_id)) is not None:
            raise CheckingFailed(reason, transient=False)
        await starting
    finally:
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await starting
    return await _checked(context, engine, run, watch)


async def _checked(context: JobContext, engine: Engine, run: QualityRun, watch: Watch) -> Measured:
    checks = [Check.from_json(item) for item in run.checks]
    try:
        async with context.store.reading(run.object_key) as path, _references(context, run) as references:
            facts = RunFacts(run.arrived_at, references, run.zones)
            for _ in range(TRIES - 1):
                try:
                    return await engine.run(checks, path, facts, watch.on_progress)
                except CheckingFailed as failure:
                    if not failure.transient:
                        raise
                    log.warning("quality_run_begun_again", run_id=str(run.id), reason=str(failure))
            return await engine.run(checks, path, facts, watch.on_progress)
    except ObjectMissing:
        raise CheckingFailed(reasons.FILE_MISSING, transient=False) from None


@asynccontextmanager
async def _references(context: JobContext, run: QualityRun) -> AsyncIterator[dict[str, Path]]:
    """Files of other products' revisions; one that is gone is left out, and the check that needs it says so."""
    async with AsyncExitStack() as files:
        found = {}
        for key, object_key in run.reference_keys.items():
            with contextlib.suppress(ObjectMissing):
                found[key] = await files.enter_async_context(context.store.reading(object_key))
        yield found
