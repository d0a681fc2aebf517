"""A worker process whose connections are cut in every way goes on, as the same process, and works."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import httpx

from infra.db import create_engine, create_sessions, transaction
from infra.jobs import enqueue
from tests.support.command import PROJECT, clean_environment
from tests.support.database import TestServer
from tests.support.events import until
from tests.support.faults import Cable
from tests.support.network import free_port

AWAY_SECONDS = 30 if int(os.environ.get("FAULT_ROUNDS", "3")) > 3 else 4
CUT_SECONDS = 8


async def test_a_worker_outlasts_every_kind_of_cut_connection(
    test_server: TestServer, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    async with test_server.copy() as database, Cable(database.service_url) as cable:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "market.cli", "worker"],
                cwd=PROJECT,
                env=clean_environment()
                | {
                    "DATABASE_SERVICE_URL": cable.url,
                    "MARKET_DATA_DIR": str(tmp_path / "data"),
                    "MARKET_WORKER_METRICS_PORT": str(port),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        connection = await asyncpg.connect(database.service_url)
        engine = create_engine(database.service_url, pool_size=1)
        sessions = create_sessions(engine)

        async def seen() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            found = await connection.fetchval(
                "SELECT count(*) FROM worker_heartbeats WHERE process = $1"
                " AND last_seen_at > clock_timestamp() - interval '2 s'",
                process.pid,
            )
            return bool(found)

        async def works() -> None:
            async with transaction(sessions) as session:
                # A run that does not exist is nothing to do: the job ends, and leaves the queue.
                await enqueue(session, "quality.check", {"run_id": "01890000-0000-7000-8000-000000000000"})
            await until(queue_is_empty, 45)

        async def queue_is_empty() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            return not await connection.fetchval("SELECT count(*) FROM pgqueuer")

        try:
            await until(seen, 60)
            ends = time.monotonic() + CUT_SECONDS
            while time.monotonic() < ends:
                await connection.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(0.15)
                cable.end_all()
                await asyncio.sleep(0.1)
                assert process.poll() is None, log.read_text()[-3000:]
            await works()
            await until(seen, 30)
            cable.cut()
            await asyncio.sleep(AWAY_SECONDS)
            cable.mend()
            await works()
            await until(seen, 30)
            async with httpx.AsyncClient(timeout=10) as client:

                async def ready() -> bool:
                    answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
                    return answer.status_code == 200

                await until(ready, 20)
            process.terminate()
            assert await asyncio.to_thread(process.wait, 30) == 0, log.read_text()[-3000:]
            # It said goodbye.
            assert await connection.fetchval("SELECT count(*) FROM worker_heartbeats") == 0
        finally:
            process.kill()
            process.wait()
            await connection.close()
            await engine.dispose()
