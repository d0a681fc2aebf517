"""What the worker does: run a suite of checks on a revision, in a warm process of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import structlog

from infra.db import transaction
from infra.jobs import Job, JobContext
from infra.memory_budget import MemoryBudget
from infra.objects import ObjectMissing
from quality.checks import Check, Measured
from quality.facts import RunFacts
from quality.observations import service as observations
from quality.observations.domain import Observations
from quality.runs import service
from quality.runs.errors import CheckingFailed
from quality.runs.runner import WarmEngine
from quality.runs.tables import QualityRun

ENGINE = "quality.engine"
BUDGET = "quality.budget"
PROBE = "quality.probe"
TRIES = 2

Probe = Callable[[JobContext, UUID], Awaitable[str | None]]
"""Reads a revision as its buyers will: why that cannot be done, or None. The worker says which (`PROBE`)."""

log = structlog.get_logger()


async def check(context: JobContext, payload: dict[str, Any]) -> None:
    """Carry out one run. Whatever happens to the checking, the run ends with a report or with a reason.

    A fault of the database is raised, so that the queue tries again.
    """
    run_id = UUID(payload["run_id"])
    async with transaction(context.sessions) as session:
        run = await service.start_run(session, run_id)
    if run is None:
        return
    engine = _engine(context)
    probe: Probe = context.extras[PROBE]
    try:
        if (reason := await probe(context, run.revision_id)) is not None:
            raise CheckingFailed(reason, transient=False)
        measured = await _checked(context, engine, run)
    except CheckingFailed as failure:
        log.warning("quality_run_failed", run_id=str(run_id), reason=str(failure))
        async with transaction(context.sessions) as session:
            await service.fail_run(session, run_id, str(failure))
        return
    async with transaction(context.sessions) as session:
        seen = await observations.get(session, run.product_id) if run.product_id else Observations()
        await service.complete_run(session, run_id, measured, engine.version, seen.by_dimension())


async def _checked(context: JobContext, engine: WarmEngine, run: QualityRun) -> Measured:
    checks = [Check.from_json(item) for item in run.checks]
    try:
        async with context.store.reading(run.object_key) as path, _facts(context, run) as facts:
            for _ in range(TRIES - 1):
                try:
                    return await engine.run(checks, path, facts)
                except CheckingFailed as failure:
                    if not failure.transient:
                        raise
            return await engine.run(checks, path, facts)
    except ObjectMissing:
        raise CheckingFailed("The revision's file is not in the object store.", transient=False) from None


@asynccontextmanager
async def _facts(context: JobContext, run: QualityRun) -> AsyncIterator[RunFacts]:
    """What a run is told besides; a file of another product that is gone is left out, and its check says so."""
    async with AsyncExitStack() as files:
        references = {}
        for key, object_key in run.reference_keys.items():
            with suppress(ObjectMissing):
                references[key] = await files.enter_async_context(context.store.reading(object_key))
        yield RunFacts(arrived_at=run.arrived_at, references=references)


async def warm_up(context: JobContext) -> None:
    """Load Great Expectations before the first run asks for it; a worker starts this beside its work."""
    try:
        await _engine(context).start()
    except CheckingFailed as failure:
        log.warning("quality_engine_not_warm", reason=str(failure))


async def cool_down(context: JobContext) -> None:
    """End the checking process, when the worker stops."""
    engine = context.extras.pop(ENGINE, None)
    if isinstance(engine, WarmEngine):
        await engine.stop()


def budget_of(context: JobContext) -> MemoryBudget:
    """The machine's memory for work on files, as this worker sees it."""
    found = context.extras.get(BUDGET)
    if not isinstance(found, MemoryBudget):
        found = context.extras[BUDGET] = MemoryBudget.of(context.settings)
    return found


def _engine(context: JobContext) -> WarmEngine:
    engine = context.extras.get(ENGINE)
    if not isinstance(engine, WarmEngine):
        settings = context.settings
        engine = WarmEngine(
            timeout_s=settings.quality_timeout_s,
            memory_mb=settings.quality_memory_mb,
            budget=budget_of(context),
        )
        context.extras[ENGINE] = engine
    return engine


JOBS = [Job(service.JOB, check, attempts=5, concurrency=1)]
