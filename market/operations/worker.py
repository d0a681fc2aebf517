"""The worker: runs jobs and schedules, apart from the API process."""

import asyncio
import contextlib
import signal
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import FailingListenerError

from contracts.amendments import jobs as amendment_jobs
from contracts.licences import jobs as licence_jobs
from infra import jobs, secrets
from infra.addresses import secret_box, service_url
from infra.db import create_engine, create_sessions
from infra.events import jobs as event_jobs
from infra.events import runner as events
from infra.events import samples as event_samples
from infra.heartbeats.service import Heartbeat
from infra.identity import jobs as identity_jobs
from infra.jobs import Job, JobContext, Schedule
from infra.keys import KeyRing
from infra.migrations import runner
from infra.objects import open_store, prune_regularly
from infra.outages import UNAVAILABLE
from infra.samples import Sample, Sampler
from infra.settings import Settings
from infra.tasks import TaskRegistry
from infra.telemetry.endpoint import serve_metrics
from infra.webhooks import jobs as webhook_jobs
from infra.webhooks import sender as webhooks
from listings.authorisations import jobs as authorisation_jobs
from listings.catalogue import jobs as catalogue_jobs
from listings.classification import jobs as classification_jobs
from listings.enforcement import jobs as enforcement_jobs
from listings.freshness import jobs as freshness_jobs
from listings.publication import jobs as publication_jobs
from listings.registrations import jobs as registration_jobs
from listings.revisions import jobs as revision_jobs
from listings.samples import jobs as sample_jobs
from listings.service_credits import jobs as service_credit_jobs
from listings.uploads import jobs as upload_jobs
from market.audit import jobs as audit_jobs
from market.delivery import canary
from market.metering import jobs as metering_jobs
from market.operations import purges as purge_jobs
from market.operations.readiness import ReadinessStatus, of_tasks, status_of
from market.participants import jobs as participant_jobs
from market.settlement.invoices import jobs as invoice_jobs
from market.settlement.rails.cards import jobs as card_jobs
from market.settlement.reconciliation import jobs as reconciliation_jobs
from market.subscriptions import SUBSCRIBERS
from quality.runs import jobs as quality_jobs

JOBS: tuple[Job, ...] = (
    *quality_jobs.JOBS,
    *classification_jobs.JOBS,
    *upload_jobs.JOBS,
    *sample_jobs.JOBS,
    *canary.JOBS,
    *purge_jobs.JOBS,
    *card_jobs.JOBS,
    *participant_jobs.JOBS,
)
SCHEDULES: tuple[Schedule, ...] = (
    *audit_jobs.SCHEDULES,
    *event_jobs.SCHEDULES,
    *identity_jobs.SCHEDULES,
    *webhook_jobs.SCHEDULES,
    *amendment_jobs.SCHEDULES,
    *authorisation_jobs.SCHEDULES,
    *registration_jobs.SCHEDULES,
    *revision_jobs.SCHEDULES,
    *upload_jobs.SCHEDULES,
    *freshness_jobs.SCHEDULES,
    *publication_jobs.SCHEDULES,
    *service_credit_jobs.SCHEDULES,
    *enforcement_jobs.SCHEDULES,
    *catalogue_jobs.SCHEDULES,
    *licence_jobs.SCHEDULES,
    *canary.SCHEDULES,
    *purge_jobs.SCHEDULES,
    *metering_jobs.SCHEDULES,
    *invoice_jobs.SCHEDULES,
    *card_jobs.SCHEDULES,
    *participant_jobs.SCHEDULES,
    *reconciliation_jobs.SCHEDULES,
)
SAMPLES: tuple[Sample, ...] = (
    *jobs.samples(JOBS),
    *event_samples.samples(SUBSCRIBERS),
    *reconciliation_jobs.SAMPLES,
)
RECONNECT_SECONDS = 2.0
POLL = timedelta(seconds=5)
"""A job whose notification was lost waits for this long at most."""

SILENCE = timedelta(seconds=30)
"""A job whose worker was not heard of for so long is run by another."""

_STATEMENT_SECONDS = 60
_CLOSE_SECONDS = 5

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Serve metrics and probes and work until SIGTERM or SIGINT; when the database goes away, wait for it and go on.

    :raises SchemaMismatch: the database's schema is not this version's.
    """
    url = service_url(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    try:
        if await _schema_is_there(url, settings.time_zone, stop):
            await _run(settings, url, stop)
    finally:
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(ending)


async def _schema_is_there(url: str, time_zone: str, stop: asyncio.Event) -> bool:
    """Whether work may begin, once the database answers; not when the worker is told to stop before that."""
    while not stop.is_set():
        try:
            await runner.check(url, time_zone=time_zone)
        except UNAVAILABLE as error:
            await _wait_for_database(error, stop)
        else:
            return True
    return False


async def _run(settings: Settings, url: str, stop: asyncio.Event) -> None:
    engine = create_engine(url, pool_size=settings.database_pool_size)
    context = JobContext(
        settings=settings,
        sessions=create_sessions(engine),
        store=open_store(settings),
        keys=KeyRing.load(settings.keys_dir),
        extras={quality_jobs.PROBE: canary.try_out},
    )
    secrets.install(secret_box(settings))
    tasks = TaskRegistry()
    heartbeat = Heartbeat(context.sessions, tasks)
    serve_metrics(settings.metrics_host, settings.worker_metrics_port, lambda: _readiness(tasks))
    warm = asyncio.create_task(quality_jobs.warm_up(context))
    tasks.start("heartbeat", heartbeat.run, problem=heartbeat.problem)
    tasks.start("samples", Sampler(context.sessions, SAMPLES).run, essential=False)
    tasks.start("object-cache", lambda: prune_regularly(context.store), essential=False)
    ending = (
        tasks.start("jobs", lambda: _jobs(url, context, stop), ended=stop.is_set),
        tasks.start("events", lambda: events.run(url, context, SUBSCRIBERS, stop), ended=stop.is_set),
        tasks.start("webhooks", lambda: webhooks.run(url, context, stop), ended=stop.is_set),
    )
    try:
        await stop.wait()
    finally:
        stop.set()
        warm.cancel()
        # Ended, not only told to end: what is cut off in the middle of a statement would leave its connection behind.
        await asyncio.wait((*ending, warm))
        await tasks.close()
        await heartbeat.leave()
        await quality_jobs.cool_down(context)
        await engine.dispose()


def _readiness(tasks: TaskRegistry) -> tuple[bool, Mapping[str, Any]]:
    components = of_tasks(tasks.components())
    status = status_of(components)
    return status is not ReadinessStatus.NOT_READY, {
        "status": status.value,
        "components": {
            name: {
                "status": part.state.value,
                "since": part.since.isoformat() if part.since else None,
                "reason": part.reason,
            }
            for name, part in components.items()
        },
    }


async def _jobs(url: str, context: JobContext, stop: asyncio.Event) -> None:
    """Run jobs and schedules until told to stop; when the database goes away, wait for it and go on."""
    while not stop.is_set():
        try:
            await _work(url, context, stop)
        except (*UNAVAILABLE, FailingListenerError) as error:
            # The last is a connection that was cut without a word: its notifications stopped coming.
            await _wait_for_database(error, stop)


async def _wait_for_database(error: BaseException, stop: asyncio.Event) -> None:
    log.warning("database_unavailable", error=type(error).__name__)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)


async def _work(url: str, context: JobContext, stop: asyncio.Event) -> None:
    """One pool's worth of work: ends when the worker stops, raises when the database goes away."""
    pool = await asyncpg.create_pool(url, min_size=2, max_size=6, command_timeout=_STATEMENT_SECONDS)
    try:
        queue = jobs.make_queue(AsyncpgPoolDriver(pool), stop)
        jobs.register(queue, context, JOBS, SCHEDULES)
        stopping = asyncio.create_task(stop.wait())
        running = asyncio.create_task(
            queue.run(dequeue_timeout=POLL, heartbeat_timeout=SILENCE, shutdown_on_listener_failure=True)
        )
        try:
            await asyncio.wait({stopping, running}, return_when=asyncio.FIRST_COMPLETED)
            queue.shutdown.set()
            await running
        finally:
            stopping.cancel()
            running.cancel()
    finally:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await pool.close()
        except UNAVAILABLE:
            pool.terminate()
