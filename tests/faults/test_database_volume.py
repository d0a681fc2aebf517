"""PostgreSQL's own volume is full: what must be written is refused clearly and as a whole, and comes back by itself."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
import sqlalchemy as sa

from infra.db import create_engine, create_sessions
from infra.postgres import throwaway
from infra.settings import Settings
from market.app import create_app
from tests.support.application import running
from tests.support.bargain import Bargain, a_bargain
from tests.support.database import TestServer
from tests.support.events import until
from tests.support.faults import fill, volume

REASON = {"reason": "Because of a complaint"}


@dataclass
class Site:
    """A bargain whose tables can be moved to a small volume."""

    bargain: Bargain
    folder: Path
    superuser: "asyncpg.Connection[asyncpg.Record]"

    async def move(self, *tables: str) -> None:
        """Put tables, with their indexes, on the small volume."""
        for table in tables:
            indexes = await self.superuser.fetch(
                "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = $1::regclass", table
            )
            await self.superuser.execute(f"ALTER TABLE {table} SET TABLESPACE small")
            for index in indexes:
                await self.superuser.execute(f"ALTER INDEX {index['name']} SET TABLESPACE small")


@pytest.fixture
async def site(tmp_path: Path, conversions: None) -> AsyncIterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="market-volume-"))
    folder.chmod(0o755)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        small = stack.enter_context(volume(folder / "small", 4))
        server = stack.enter_context(throwaway())
        owner = (server.data_dir / "postgres").stat()
        os.chown(small, owner.st_uid, owner.st_gid)
        small.chmod(0o700)
        prepared = await TestServer.prepare(server.address.url("postgresql"))
        database = await stack.enter_async_context(prepared.copy())
        known = json.loads((server.data_dir / "postgres.json").read_text())
        superuser = sa.make_url(database.owner_url).set(
            username="postgres", password=known["superuser_password"]
        )
        connection = await asyncpg.connect(superuser.render_as_string(hide_password=False))
        stack.push_async_callback(connection.close)
        await connection.execute(f"CREATE TABLESPACE small LOCATION '{small}'")
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path / "data",
            database_url=database.owner_url,
            database_service_url=database.service_url,
            public_base_url="http://market.test",
            log_level="ERROR",
            admission_wait_s=3,
        )
        app = create_app(settings)
        await stack.enter_async_context(running(app))
        engine = create_engine(database.service_url, pool_size=4)
        stack.push_async_callback(engine.dispose)
        bargain = await stack.enter_async_context(a_bargain(app, create_sessions(engine)))
        yield Site(bargain, small, connection)


async def test_full_volume_of_the_database_refuses_clearly_changes_nothing_and_recovers(site: Site) -> None:
    bargain = site.bargain
    _, token = await bargain.licensed()
    await site.move("audit_entries")
    filler = fill(site.folder)
    path = f"/v1/products/{bargain.product_id}"

    async def suspend() -> httpx.Response:
        return await bargain.regulator.http.post(
            f"{path}/suspension", json={"reason": "x" * 900}, headers={"Accept-Language": "en"}
        )

    async def reinstate() -> httpx.Response:
        return await bargain.regulator.http.post(f"{path}/reinstatement", json={"reason": "x" * 900})

    # Pages that are half empty take some more first.
    answers: list[httpx.Response] = []
    while len(answers) < 100 and (not answers or answers[-1].status_code == 200):
        answers.append(await (suspend() if len(answers) % 2 == 0 else reinstate()))
    refused = answers[-1]
    assert refused.status_code == 503, refused.text
    assert refused.json()["type"] == "urn:data-market:problem:unavailable"
    assert "room" in refused.json()["detail"]
    assert refused.headers["retry-after"] == "30"
    # Whatever was refused is as it was before: stopped, or not.
    stopped = len(answers) % 2 == 0
    assert (await bargain.read(token)).status_code == (403 if stopped else 200)
    filler.unlink()
    assert (await (reinstate() if stopped else suspend())).status_code == 200
    assert (await bargain.read(token)).status_code == (200 if stopped else 403)


async def test_calls_that_cannot_be_recorded_are_refused_and_metering_comes_back(site: Site) -> None:
    bargain = site.bargain
    _, token = await bargain.licensed()
    partitions = await site.superuser.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'usage_records'::regclass"
    )
    await site.move(*(row["name"] for row in partitions))
    filler = fill(site.folder)
    answer = await bargain.read(token)
    calls = 1
    while answer.status_code == 200 and calls < 1000:
        answer = await bargain.read(token)
        calls += 1
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "urn:data-market:problem:metering-unavailable"
    # No call that was refused is recorded, and none that was answered is missing.
    assert await site.superuser.fetchval("SELECT count(*) FROM usage_records") == calls - 1
    waiting = asyncio.create_task(bargain.read(token))
    async with asyncio.timeout(30):
        while (ready := await bargain.buyer.http.get("/health/ready")).status_code == 200:
            if waiting.done():
                waiting = asyncio.create_task(bargain.read(token))
            await asyncio.sleep(0.05)
    assert ready.json()["components"]["metering"]["status"] == "down"
    # A stop needs no room for usage.
    await bargain.regulator.post(f"/v1/products/{bargain.product_id}/suspension", REASON, status=200)
    await bargain.regulator.post(f"/v1/products/{bargain.product_id}/reinstatement", REASON, status=200)

    async def is_ready() -> bool:
        return (await bargain.buyer.http.get("/health/ready")).status_code == 200

    filler.unlink()
    # Whatever it met: the full volume, the stop, or room again.
    assert (await waiting).status_code in {200, 403, 503}
    assert (await bargain.read(token)).status_code == 200
    await until(is_ready)
