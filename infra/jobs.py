"""Background work: a queue in PostgreSQL (pgqueuer) that takes a job inside the caller's own transaction.

A job exists exactly when the transaction that asked for it commits. A failing one is tried again after growing
delays; after its last attempt it is held as a dead letter (status ``failed``) for a person to look at.

The trace of the request that asked for a job travels in the job's headers, and the worker continues it.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa
import structlog
from pgqueuer import PgQueuer
from pgqueuer.adapters.tracing.opentelemetry import OpenTelemetryTracing
from pgqueuer.db import AsyncpgDriver
from pgqueuer.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import Schedule as QueuedSchedule
from pgqueuer.ports.driver import Driver
from pgqueuer.queries import Queries

from infra.db import AsyncSession, SessionMaker
from infra.keys import KeyRing
from infra.objects import ObjectStore
from infra.outages import UNAVAILABLE, is_outage
from infra.samples import Sample
from infra.settings import Settings
from infra.telemetry.setup import tracer
from infra.telemetry.work import observe_work

_sending = OpenTelemetryTracing(tracer)

_QUEUE = sa.text(
    """
    SELECT entrypoint,
           coalesce(extract(epoch FROM now() - min(execute_after) FILTER (WHERE due)), 0) AS age,
           count(*) FILTER (WHERE due) AS waiting,
           count(*) FILTER (WHERE status = 'failed') AS held
      FROM (SELECT *, status = 'queued' AND execute_after <= now() AS due FROM pgqueuer) AS jobs
     WHERE entrypoint = ANY(:names)
     GROUP BY entrypoint
    """
)

PATIENCE_SECONDS = 120.0
"""What became of a job is written down even if the database is away for so long; after that the job is run again."""

OUTAGE_TRIES = 20
"""A job whose connection is cut in the middle is tried again so often before that counts as a failed attempt."""

_OUTAGE_PAUSE_SECONDS = 2.0
_INSIST_PAUSE_SECONDS = 0.5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job works with. ``extras`` holds what one worker process keeps warm, by name."""

    settings: Settings
    sessions: SessionMaker
    store: ObjectStore
    keys: KeyRing
    extras: dict[str, Any] = field(default_factory=dict)


Handler = Callable[[JobContext, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of job.

    :param attempts: tries before it is held as a dead letter; the delay doubles from one second to five minutes.
    :param concurrency: how many of the kind run at once in one worker; what the settings say, where it is a function.
    """

    name: str
    handler: Handler
    attempts: int = 5
    concurrency: int | Callable[[Settings], int] = 4


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work by the clock.

    :param expression: cron, in UTC.
    """

    name: str
    expression: str
    handler: Handler


async def enqueue(
    session: AsyncSession,
    name: str,
    payload: dict[str, Any],
    *,
    delay: timedelta | None = None,
    dedupe_key: str | None = None,
) -> None:
    """Ask for a job, inside the caller's transaction.

    :param payload: JSON.
    :param dedupe_key: while a job with this key waits or runs, asking again changes nothing.
    """
    body = json.dumps(payload, separators=(",", ":")).encode()
    await (await queries(session)).enqueue(
        name, body, execute_after=delay, dedupe_key=dedupe_key, on_conflict="skip"
    )


async def queries(session: AsyncSession) -> Queries:
    """The queue's own statements, run inside the session's transaction."""
    # The driver opens its transaction with the first statement; without one each of these would commit by itself.
    await session.flush()
    await session.execute(sa.select(1))
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    assert isinstance(driver, asyncpg.Connection)
    assert driver.is_in_transaction()
    return Queries(AsyncpgDriver(driver), tracer=_sending)


def samples(jobs: Sequence[Job]) -> tuple[Sample, ...]:
    """How the queue stands, by kind of job."""
    names = [job.name for job in jobs]

    def read(figure: str) -> Callable[[AsyncSession], Awaitable[dict[str, float]]]:
        async def reading(session: AsyncSession) -> dict[str, float]:
            rows = (await session.execute(_QUEUE, {"names": names})).all()
            return dict.fromkeys(names, 0.0) | {row.entrypoint: float(getattr(row, figure)) for row in rows}

        return reading

    return (
        Sample("market.jobs.oldest_waiting", "Age of the oldest job that is due", "s", "job", read("age")),
        Sample("market.jobs.waiting", "Jobs that are due and wait", "", "job", read("waiting")),
        Sample("market.jobs.dead_letters", "Jobs held after their last attempt", "", "job", read("held")),
    )


class _WorkerQueries(Queries):
    """The queue's statements as the worker runs them: what became of a job outlasts a short absence of the database.

    Left alone, the queue holds a job as failed for the last time when the database is away at the moment in which its
    next attempt is to be written down, and drops a job that it cut off itself because its connection was lost.
    """

    def __init__(self, driver: Driver, stop: asyncio.Event) -> None:
        super().__init__(driver)
        self._stop = stop

    async def retry_job(self, job: QueuedJob, delay: timedelta, traceback_record: Any) -> None:
        """Write down that a job is to be tried again; if that cannot be, it is when its heartbeat has grown old."""
        try:
            await self._insist(lambda: super(_WorkerQueries, self).retry_job(job, delay, traceback_record))
        except UNAVAILABLE as error:
            log.error("job_retry_not_recorded", job_id=int(job.id), error=type(error).__name__)

    async def log_jobs(self, job_status: list[Any]) -> None:
        """Write down how jobs ended. One that was cut off has not ended: it is run again."""
        ended = [entry for entry in job_status if entry[1] != "canceled"]
        if ended:
            await self._insist(lambda: super(_WorkerQueries, self).log_jobs(ended))

    async def _insist(self, statement: Callable[[], Awaitable[None]]) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await statement()
            except UNAVAILABLE:
                if self._stop.is_set() or time.monotonic() > ends:
                    raise
                await asyncio.sleep(_INSIST_PAUSE_SECONDS)


def make_queue(driver: Driver, stop: asyncio.Event) -> PgQueuer:
    """The queue as a worker runs it.

    :param stop: set when the worker ends: then it no longer waits for a database that is away.
    """
    return PgQueuer(connection=driver, queries=_WorkerQueries(driver, stop))


def register(
    queue: PgQueuer, context: JobContext, jobs: Sequence[Job], schedules: Sequence[Schedule]
) -> None:
    """Tell a worker's queue which kinds of job and schedules it runs."""
    for job in jobs:
        _register_job(queue, context, job)
    for schedule in schedules:
        _register_schedule(queue, context, schedule)


def _register_job(queue: PgQueuer, context: JobContext, job: Job) -> None:
    async def run(queued: QueuedJob) -> None:
        payload = json.loads(queued.payload or b"{}")
        with (
            structlog.contextvars.bound_contextvars(job=job.name, job_id=int(queued.id)),
            observe_work("job", job.name, queued.otel_headers()),
        ):
            try:
                await _through_outages(lambda: job.handler(context, payload))
            except Exception:
                log.exception("job_failed", attempt=queued.attempts)
                raise

    queue.entrypoint(
        job.name,
        concurrency_limit=job.concurrency
        if isinstance(job.concurrency, int)
        else job.concurrency(context.settings),
        on_failure="hold",
        executor_factory=lambda parameters: DatabaseRetryEntrypointExecutor(
            parameters=parameters, max_attempts=job.attempts - 1
        ),
    )(run)


async def _through_outages(work: Callable[[], Awaitable[None]]) -> None:
    """Do work again when the database went away in the middle of it: that is no fault of the work."""
    for tries_left in reversed(range(OUTAGE_TRIES)):
        try:
            await work()
        except Exception as error:
            if not (tries_left and is_outage(error)):
                raise
            log.warning("job_interrupted", error=type(error).__name__)
            await asyncio.sleep(_OUTAGE_PAUSE_SECONDS)
        else:
            return


def _register_schedule(queue: PgQueuer, context: JobContext, schedule: Schedule) -> None:
    async def run(_: QueuedSchedule) -> None:
        with (
            structlog.contextvars.bound_contextvars(schedule=schedule.name),
            # The next time comes by itself; one failure must not end the scheduler.
            contextlib.suppress(Exception),
            observe_work("schedule", schedule.name),
        ):
            try:
                await schedule.handler(context, {})
            except Exception:
                log.exception("schedule_failed")
                raise

    queue.schedule(schedule.name, schedule.expression)(run)
