"""Jobs are run as promised when the database goes away in the middle of them: none is lost, none is held for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from infra import jobs
from infra.db import create_engine, create_sessions, new_id, transaction
from infra.jobs import Job, JobContext, Schedule, enqueue
from infra.keys import KeyRing
from infra.objects import LocalStore
from infra.settings import Settings
from market.operations import worker
from tests.support.database import TestServer
from tests.support.events import until
from tests.support.faults import Cable


class Site:
    """A database of its own behind a cable, and a worker's job loop at the other end."""

    def __init__(self, cable: Cable, direct: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.cable = cable
        self.direct = direct
        self.name = f"test.{new_id()}"
        self.runs = 0
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    async def outcome(self) -> str | None:
        """How the job ended for good, as the queue has it; None while it waits or runs."""
        found: str | None = await self.direct.fetchval(
            "SELECT status::text FROM pgqueuer WHERE entrypoint = $1 AND status = 'failed'"
            " UNION ALL SELECT status::text FROM pgqueuer_log WHERE entrypoint = $1"
            " AND status::text IN ('successful', 'canceled', 'exception', 'failed', 'deleted') LIMIT 1",
            self.name,
        )
        return found


@asynccontextmanager
async def working(
    test_server: TestServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, handler: Any
) -> AsyncIterator[Site]:
    monkeypatch.setattr(worker, "RECONNECT_SECONDS", 0.2)
    monkeypatch.setattr(jobs, "_OUTAGE_PAUSE_SECONDS", 0.1)
    async with test_server.copy() as database, Cable(database.service_url) as cable:
        direct = await asyncpg.connect(database.service_url)
        site = Site(cable, direct)
        engine = create_engine(cable.url, pool_size=2)
        context = JobContext(
            settings,
            create_sessions(engine),
            LocalStore(settings.objects_dir),
            KeyRing.load(settings.keys_dir),
        )

        async def handle(context: JobContext, _: dict[str, Any]) -> None:
            site.runs += 1
            site.began.set()
            await handler(site, context)

        async def nothing(*_: Any) -> None:
            pass

        monkeypatch.setattr(worker, "JOBS", (Job(site.name, handle, attempts=3),))
        monkeypatch.setattr(worker, "SCHEDULES", (Schedule("test.often", "* * * * * */2", nothing),))
        stop = asyncio.Event()
        running = asyncio.create_task(worker._jobs(cable.url, context, stop))
        try:
            own = create_engine(database.service_url, pool_size=1)
            async with transaction(create_sessions(own)) as session:
                await enqueue(session, site.name, {})
            await own.dispose()
            async with asyncio.timeout(20):
                await site.began.wait()
            yield site
            assert not running.done()
        finally:
            site.go_on.set()
            cable.mend()
            stop.set()
            await asyncio.wait({running}, timeout=20)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await engine.dispose()
            await direct.close()


async def ended(site: Site, seconds: float = 45) -> str | None:
    await until(site.outcome, seconds)
    return await site.outcome()


async def test_a_job_that_is_cut_off_with_the_queue_is_run_again(
    test_server: TestServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SILENCE", timedelta(seconds=2))

    async def handler(site: Site, _: JobContext) -> None:
        if site.runs > 1:
            return
        try:
            await site.go_on.wait()
        except asyncio.CancelledError:
            # The database is back in the moment in which the queue writes down what became of the job.
            site.cable.mend()
            raise

    async with working(test_server, settings, monkeypatch, handler) as site:
        # The scheduler notices first, and takes the queue down with it.
        site.cable.cut()
        assert await ended(site) == "successful"
        assert site.runs == 2


async def test_a_job_whose_connection_is_cut_is_done_again_and_no_attempt_is_counted(
    test_server: TestServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(site: Site, context: JobContext) -> None:
        async with transaction(context.sessions) as session:
            await session.execute(sa.text("SELECT 1"))
            if site.runs <= 5:  # more often than the job has attempts
                site.cable.end_all()
            await session.execute(sa.text("SELECT 1"))

    async with working(test_server, settings, monkeypatch, handler) as site:
        assert await ended(site) == "successful"
        assert site.runs == 6


async def test_a_job_that_fails_while_the_database_is_away_is_tried_again(
    test_server: TestServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(site: Site, _: JobContext) -> None:
        if site.runs == 1:
            await site.go_on.wait()
            raise ValueError("a fault of its own, which another attempt mends")

    async with working(test_server, settings, monkeypatch, handler) as site:
        site.cable.cut()
        site.go_on.set()
        # So short that the queue itself has not noticed when it writes down how the attempt ended.
        await asyncio.sleep(0.3)
        site.cable.mend()
        assert await ended(site) == "successful"
        assert site.runs == 2
