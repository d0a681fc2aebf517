"""What the worker does: run suites of checks on revisions, in warm processes of their own."""

from typing import Any
from uuid import UUID

import structlog

from infra.db import transaction
from infra.jobs import Job, JobContext
from infra.memory_budget import MemoryBudget
from infra.outages import is_outage
from quality.observations import service as observations
from quality.observations.domain import Observations
from quality.runs import reasons, running, service
from quality.runs.engines.interface import Engine
from quality.runs.engines.pool import EnginePool
from quality.runs.errors import CheckingFailed
from quality.runs.tables import QualityRun

POOL = "quality.engines"
BUDGET = "quality.budget"
PROBE = "quality.probe"

log = structlog.get_logger()


async def check(context: JobContext, payload: dict[str, Any]) -> None:
    """Carry out one run. Whatever happens to the checking, the run ends with a report or with a reason.

    A fault of the database is raised, so that the queue tries again, and so is one of the service's own until the last
    attempt.
    """
    run_id = UUID(payload["run_id"])
    async with pool_of(context).lend() as engine:
        async with transaction(context.sessions) as session:
            run = await service.start_run(session, run_id)
        if run is None:
            return
        try:
            await _carry_out(context, engine, run)
        except running.RunCancelled:
            log.info("quality_run_cancelled", run_id=str(run_id))
        except CheckingFailed as failure:
            log.warning("quality_run_failed", run_id=str(run_id), reason=str(failure))
            await _fail(context, run_id, str(failure))
        except Exception as error:
            if run.attempts < service.ATTEMPTS or is_outage(error):
                raise
            log.exception("quality_run_given_up", run_id=str(run_id))
            await _fail(context, run_id, reasons.FAULT_OF_SERVICE.of(count=service.ATTEMPTS))


async def _carry_out(context: JobContext, engine: Engine, run: QualityRun) -> None:
    probe: running.Probe = context.extras[PROBE]
    measured = await running.carry_out(context, engine, run, running.Watch(context, run), probe)
    async with transaction(context.sessions) as session:
        seen = await observations.get(session, run.product_id) if run.product_id else Observations()
        await service.complete_run(session, run.id, measured, engine.version, seen.by_dimension())


async def _fail(context: JobContext, run_id: UUID, reason: str) -> None:
    async with transaction(context.sessions) as session:
        await service.fail_run(session, run_id, reason)


async def warm_up(context: JobContext) -> None:
    """Load Great Expectations before the first run asks for it; a worker starts this beside its work."""
    try:
        await pool_of(context).warm_up()
    except CheckingFailed as failure:
        log.warning("quality_engine_not_warm", reason=str(failure))


async def cool_down(context: JobContext) -> None:
    """End the checking processes, when the worker stops."""
    pool = context.extras.pop(POOL, None)
    if isinstance(pool, EnginePool):
        await pool.stop()


def budget_of(context: JobContext) -> MemoryBudget:
    """The machine's memory for work on files, as this worker sees it."""
    found = context.extras.get(BUDGET)
    if not isinstance(found, MemoryBudget):
        found = context.extras[BUDGET] = MemoryBudget.of(context.settings)
    return found


def pool_of(context: JobContext) -> EnginePool:
    """The checking processes of this worker."""
    pool = context.extras.get(POOL)
    if not isinstance(pool, EnginePool):
        pool = context.extras[POOL] = EnginePool.of(context.settings, budget_of(context))
    return pool


# No more than there are engines for: what a worker has taken from the queue it finishes before it stops.
JOBS = [
    Job(
        service.JOB,
        check,
        attempts=service.ATTEMPTS,
        concurrency=lambda settings: settings.quality_processes,
    )
]
