"""A real API process whose log is full or unread, whose collector is dead, whose volume is full: it goes on."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import asyncpg
import httpx
import pytest

from infra.db import new_id
from infra.settings import Settings
from tests.support.bargain import Bargain
from tests.support.command import PROJECT, clean_environment
from tests.support.database import TestDatabase
from tests.support.faults import fill, full_device, never_answering, unread_pipe, volume
from tests.support.network import free_port
from tests.support.parties import Party
from tests.support.products import CSV

REASON = {"reason": "Because of a complaint"}
METERING = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'data-market-metering' AND datname = current_database()"
)


@dataclass
class Process:
    """An API process, and the bargain's parties as its callers."""

    process: subprocess.Popen[bytes]
    http: httpx.AsyncClient
    bargain: Bargain
    metrics_port: int

    async def read(self, token: str) -> httpx.Response:
        """One data call."""
        return await self.http.get(
            f"/data/{self.bargain.product_id}/records?limit=1", headers={"Authorization": f"Bearer {token}"}
        )

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """What readiness says."""
        answer = await self.http.get("/health/ready")
        return answer.status_code, answer.json()

    async def metric(self, name: str) -> float:
        """A counter, over all its labels."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self.metrics_port}/metrics")).text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    async def suspend_and_reinstate(self, token: str) -> None:
        """A stop takes effect at the very next call, and is lifted again."""
        path = f"/v1/products/{self.bargain.product_id}"
        await self.bargain.regulator.post(f"{path}/suspension", REASON, status=200)
        assert (await self.read(token)).status_code == 403
        await self.bargain.regulator.post(f"{path}/reinstatement", REASON, status=200)
        assert (await self.read(token)).status_code == 200


@asynccontextmanager
async def serving(
    bargain: Bargain,
    settings: Settings,
    output: int | IO[bytes],
    *,
    data_dir: Path | None = None,
    service_url: str | None = None,
    **environment: str,
) -> AsyncIterator[Process]:
    """`market serve` on the database and the files of the application under test."""
    port, metrics_port = free_port(), free_port()
    assert settings.database_service_url is not None
    process = subprocess.Popen(
        [sys.executable, "-m", "market.cli", "serve"],
        cwd=PROJECT,
        env=clean_environment()
        | {
            "DATABASE_SERVICE_URL": service_url or settings.database_service_url.get_secret_value(),
            "MARKET_DATA_DIR": str(data_dir or settings.data_dir),
            "MARKET_PORT": str(port),
            "MARKET_PUBLIC_BASE_URL": "http://market.test",
            "MARKET_METRICS_PORT": str(metrics_port),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    async with AsyncExitStack() as stack:
        stack.callback(process.wait)
        stack.callback(process.kill)
        # The token of each program is the same; the process behind it is another.
        callers = {
            name: replace(
                party,
                http=await stack.enter_async_context(
                    httpx.AsyncClient(
                        base_url=f"http://127.0.0.1:{port}", headers=party.http.headers, timeout=20
                    )
                ),
            )
            for name in ("owner", "operator", "buyer", "regulator")
            if isinstance(party := getattr(bargain, name), Party)
        }
        there = Bargain(**callers, product_id=bargain.product_id)
        made = Process(process, there.buyer.http, there, metrics_port)
        async with asyncio.timeout(60):
            while True:
                assert process.poll() is None
                try:
                    if (await made.ready())[0] == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        yield made


@pytest.mark.parametrize("log", ["full", "unread"])
async def test_an_api_that_cannot_log_meters_and_stops(
    bargain: Bargain, settings: Settings, database: TestDatabase, log: str
) -> None:
    _, token = await bargain.licensed()
    async with AsyncExitStack() as stack:
        if log == "full":
            output = stack.enter_context(full_device())
            address = "http://127.0.0.1:1"
        else:
            output = stack.enter_context(unread_pipe())
            server, address = await never_answering()
            stack.callback(server.close)
        # Everything is logged, and every call and every decision is traced to a collector that is dead.
        api = await stack.enter_async_context(
            serving(bargain, settings, output, MARKET_LOG_LEVEL="DEBUG", MARKET_OTLP_ENDPOINT=address)
        )
        connection = await asyncpg.connect(database.service_url)
        assert (await api.read(token)).status_code == 200
        for _ in range(3):
            # Each cut makes the flusher log a warning.
            assert await connection.fetchval(METERING) >= 1
            assert (await api.read(token)).status_code == 200
        await connection.close()
        await api.suspend_and_reinstate(token)
        status, document = await api.ready()
        assert (status, document["components"]["metering"]["status"]) == (200, "up")
        assert await api.metric("market_task_restarts_total") == 0
        if log == "full":
            assert await api.metric("market_log_dropped_lines_total") >= 3
        # A stop of the process waits neither for its log nor for its collector.
        api.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(api.process.wait, 15)


async def test_a_full_data_folder_stops_uploads_and_nothing_else(
    bargain: Bargain, settings: Settings, tmp_path: Path
) -> None:
    _, token = await bargain.licensed()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(volume(tmp_path / "volume", 8))
        shutil.copytree(settings.data_dir, folder / "data", ignore=shutil.ignore_patterns("*.parquet"))
        for path in settings.objects_dir.rglob("*.parquet"):
            if path.stat().st_mtime > Path(settings.data_dir / "keys").stat().st_mtime - 3600:
                shutil.copy2(path, folder / "data" / path.relative_to(settings.data_dir))
        log = stack.enter_context((folder / "log").open("ab"))
        api = await stack.enter_async_context(serving(bargain, settings, log, data_dir=folder / "data"))
        assert (await api.read(token)).status_code == 200
        filler = fill(folder)
        assert (await api.read(token)).status_code == 200
        await api.suspend_and_reinstate(token)

        revisions = f"/v1/products/{bargain.product_id}/revisions"
        before = await api.bargain.operator.get(revisions)

        async def upload() -> httpx.Response:
            return await api.bargain.operator.http.post(
                revisions,
                params={"filename": "air.csv"},
                content=CSV,
                headers={"Accept-Language": "en", "Idempotency-Key": str(new_id())},
            )

        refused = await upload()
        assert refused.status_code == 503, refused.text
        assert refused.json()["type"] == "urn:data-market:problem:spool-unavailable"
        assert await api.bargain.operator.get(revisions) == before
        assert (await api.ready())[0] == 200
        filler.unlink()
        accepted = await upload()
        assert accepted.status_code == 201, accepted.text
