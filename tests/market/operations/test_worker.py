"""The worker goes on when its connections are cut, without a process being started anew."""

import asyncio
import os
import signal

import asyncpg

from infra.db import SessionMaker, new_id, transaction
from infra.jobs import enqueue
from infra.settings import Settings
from market.operations import worker
from tests.support.database import TestDatabase

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query ILIKE 'listen%' AND datname = current_database()"


async def until_listening(connection: "asyncpg.Connection[asyncpg.Record]", other_than: set[int]) -> set[int]:
    async with asyncio.timeout(60):
        while True:
            found = {row["pid"] for row in await connection.fetch(LISTENERS)} - other_than
            if found:
                return found
            await asyncio.sleep(0.2)


async def test_a_cut_listener_is_replaced_and_jobs_go_on(
    settings: Settings, database: TestDatabase, sessions: SessionMaker
) -> None:
    connection = await asyncpg.connect(database.service_url)
    before = {row["pid"] for row in await connection.fetch(LISTENERS)}
    running = asyncio.create_task(worker.run(settings))
    try:
        first = await until_listening(connection, before)
        for pid in first:
            await connection.execute("SELECT pg_terminate_backend($1)", pid)
        await until_listening(connection, before | first)
        marker = str(new_id())
        async with transaction(sessions) as session:
            # A run that does not exist is nothing to do: the job ends, and leaves the queue.
            await enqueue(session, "quality.check", {"run_id": marker})
        async with asyncio.timeout(30):
            while await connection.fetchval(
                "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE $1", f"%{marker}%"
            ):
                await asyncio.sleep(0.2)
        assert not running.done()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        await connection.close()
