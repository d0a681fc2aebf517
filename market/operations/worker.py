"""The worker: runs jobs and schedules, apart from the API process."""

import asyncio
import contextlib
import signal
from datetime import timedelta

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import FailingListenerError

from infra import jobs, secrets
from infra.addresses import secret_box, service_url
from infra.audit import jobs as audit_jobs
from infra.db import create_engine, create_sessions
from infra.events import jobs as event_jobs
from infra.events import runner as events
from infra.events import samples as event_samples
from infra.identity import jobs as identity_jobs
from infra.jobs import Job, JobContext, Schedule
from infra.keys import KeyRing
from infra.migrations import runner
from infra.objects import ObjectStore
from infra.samples import Sample, keep_sampling
from infra.settings import Settings
from infra.telemetry.endpoint import serve_metrics
from infra.webhooks import jobs as webhook_jobs
from infra.webhooks import sender as webhooks
from listings.revisions import jobs as revision_jobs
from market.metering import jobs as metering_jobs
from market.settlement.rails.cards import jobs as card_jobs
from market.subscriptions import SUBSCRIBERS
from quality import jobs as quality_jobs

JOBS: tuple[Job, ...] = (*quality_jobs.JOBS, *card_jobs.JOBS)
SCHEDULES: tuple[Schedule, ...] = (
    *audit_jobs.SCHEDULES,
    *event_jobs.SCHEDULES,
    *identity_jobs.SCHEDULES,
    *webhook_jobs.SCHEDULES,
    *revision_jobs.SCHEDULES,
    *metering_jobs.SCHEDULES,
    *card_jobs.SCHEDULES,
)
SAMPLES: tuple[Sample, ...] = (*jobs.samples(JOBS), *event_samples.samples(SUBSCRIBERS))
RECONNECT_SECONDS = 2.0
POLL = timedelta(seconds=5)
"""A job whose notification was lost waits for this long at most."""

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Serve metrics and work until SIGTERM or SIGINT; when the database goes away, wait for it and go on.

    :raises SchemaMismatch: the database's schema is not this version's.
    """
    url = service_url(settings)
    await runner.check(url)
    serve_metrics(settings.metrics_host, settings.worker_metrics_port)
    engine = create_engine(url, pool_size=settings.database_pool_size)
    context = JobContext(
        settings=settings,
        sessions=create_sessions(engine),
        store=ObjectStore(settings.objects_dir),
        keys=KeyRing.load(settings.keys_dir),
    )
    secrets.install(secret_box(settings))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    warm = asyncio.create_task(quality_jobs.warm_up(context))
    streams = (
        asyncio.create_task(events.run(url, context, SUBSCRIBERS, stop)),
        asyncio.create_task(webhooks.run(url, context, stop)),
    )
    for stream in streams:
        # Whatever ends one but the signal is a fault of ours: the process ends too, and is started anew.
        stream.add_done_callback(lambda _: stop.set())
    sampling = asyncio.create_task(keep_sampling(context.sessions, SAMPLES))
    try:
        while not stop.is_set():
            try:
                await _work(url, context, stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, FailingListenerError) as error:
                # The last is a connection that was cut without a word: its notifications stopped coming.
                log.warning("database_unavailable", error=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)
    finally:
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(ending)
        stop.set()
        warm.cancel()
        sampling.cancel()
        # Ended, not only told to end: what is cut off in the middle of a statement would leave its connection behind.
        await asyncio.wait((*streams, warm, sampling))
        await quality_jobs.cool_down(context)
        await engine.dispose()
    for stream in streams:
        stream.result()


async def _work(url: str, context: JobContext, stop: asyncio.Event) -> None:
    """One connection's worth of work: ends when the worker stops, raises when the database goes away."""
    async with asyncpg.create_pool(url, min_size=2, max_size=6) as pool:
        queue = PgQueuer(AsyncpgPoolDriver(pool))
        jobs.register(queue, context, JOBS, SCHEDULES)
        stopping = asyncio.create_task(stop.wait())
        running = asyncio.create_task(queue.run(dequeue_timeout=POLL, shutdown_on_listener_failure=True))
        try:
            await asyncio.wait({stopping, running}, return_when=asyncio.FIRST_COMPLETED)
            queue.shutdown.set()
            await running
        finally:
            stopping.cancel()
            running.cancel()
