"""SIGKILL of the service and an immediate stop of PostgreSQL, under load, again and again: ``FAULT_ROUNDS`` times.

Callers behave as a careful buyer's program does: each call has an ``Idempotency-Key`` of its own and is sent again,
with the same key, until it is answered. One caller uses no keys, to show what is promised without them: what was
recorded and not answered is credited.
"""

import asyncio
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import pytest
import sqlalchemy as sa

from infra.addresses import owner_url, service_url
from infra.db import create_engine, create_sessions, new_id, transaction
from infra.postgres import EmbeddedPostgres
from infra.settings import Settings
from market.app import create_app
from market.metering import service as metering
from market.metering.answers import IDLE_SECONDS
from market.operations.database import bring_up_to_date, with_server
from tests.benchmarks.live import PURPOSE, Live, end
from tests.support.application import running
from tests.support.bargain import a_bargain
from tests.support.crash import crash
from tests.support.network import free_port
from tests.support.registrations import set_notice_days

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))
CALLERS_PER_LICENCE = 4
ROWS = 5
QUOTA = 30 * ROUNDS
UNACCOUNTED_SECONDS = 4.0
"""Nobody knows which of the last calls of a killed process were answered: those of two seconds, on an idle machine."""

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


@dataclass
class Licence:
    """What callers were told about one licence.

    :ivar answered: the record id each answered key came with.
    """

    licence_id: UUID
    token: str
    quota: int | None = None
    keyed: bool = True
    answered: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


@dataclass
class Load:
    """Callers at work."""

    url: str
    licences: list[Licence]
    going: bool = True
    answers: int = 0
    retries: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Call until told to stop; what was begun is brought to an answer."""
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(timeout=15, limits=limits) as client:
            await asyncio.gather(
                *(
                    self._caller(client, licence)
                    for licence in self.licences
                    for _ in range(CALLERS_PER_LICENCE)
                )
            )

    async def _caller(self, client: httpx.AsyncClient, licence: Licence) -> None:
        while self.going:
            key = new_id().hex
            headers = {"Authorization": f"Bearer {licence.token}", "Data-Purpose": PURPOSE}
            if licence.keyed:
                headers["Idempotency-Key"] = key
            await self._until_answered(client, licence, key, headers)

    async def _until_answered(
        self, client: httpx.AsyncClient, licence: Licence, key: str, headers: dict[str, str]
    ) -> None:
        while True:
            try:
                answer = await client.get(f"{self.url}?limit={ROWS}", headers=headers)
            except httpx.TransportError as error:
                self.retries[type(error).__name__] += 1
            else:
                if answer.status_code == 200:
                    assert len(answer.json()["items"]) == ROWS
                    licence.answered[key] = answer.headers["usage-record"]
                    self.answers += 1
                    return
                if answer.status_code == 429:
                    licence.refused.add(key)
                    self.answers += 1
                    await asyncio.sleep(0.02)
                    return
                assert answer.status_code == 503, answer.text
                self.retries["503"] += 1
            await asyncio.sleep(_PAUSE_SECONDS)
            if not licence.keyed:
                return

    async def more(self, count: int = 150) -> None:
        """Wait until so many more calls were answered."""
        target = self.answers + count
        deadline = perf_counter() + _PATIENCE_SECONDS
        while self.answers < target:
            assert perf_counter() < deadline, f"nothing is answered any more; retries so far: {self.retries}"
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
async def site(conversions: None) -> AsyncIterator[Live]:
    """A licensed product in a data folder of its own, everything synced to disk; no API process runs."""
    folder = Path(tempfile.mkdtemp(prefix="market-kill-"))
    folder.chmod(0o711)
    settings = Settings(_env_file=None, data_dir=folder / "data", port=free_port(), log_level="WARNING")
    server = EmbeddedPostgres(settings.data_dir)
    try:
        there = with_server(settings, await asyncio.to_thread(server.start))
        await bring_up_to_date(there)
        await set_notice_days(owner_url(there), 0)
        (settings.data_dir / "logs").mkdir()
        yield Live(settings, server, await licensed(there))
    finally:
        await asyncio.to_thread(server.destroy)
        shutil.rmtree(folder, ignore_errors=True)


async def licensed(settings: Settings) -> dict[str, Any]:
    """Put a product on the market and conclude a contract about it; their ids."""
    engine = create_engine(service_url(settings))
    app = create_app(settings)
    try:
        async with running(app), a_bargain(app, create_sessions(engine)) as bargain:
            agreement, _ = await bargain.licensed()
            product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    finally:
        await engine.dispose()
    return {
        "product_id": product["id"],
        "resource_id": product["resource_id"],
        "licence_id": agreement["licence_id"],
    }


async def restarted(site: Live) -> subprocess.Popen[bytes]:
    """An API process that answers, after one was killed."""
    for _ in range(5):
        process = await asyncio.to_thread(site.serve)
        try:
            await asyncio.to_thread(site.await_ready, process)
        except RuntimeError:  # the port of the killed one was not free yet
            continue
        return process
    raise AssertionError("the service does not come back")


async def credit_the_dead(site: Live) -> None:
    """Do what the worker does within three minutes, without the waiting."""
    await asyncio.sleep(IDLE_SECONDS + 2)
    engine = create_engine(site.dsn)
    sessions = create_sessions(engine)
    for column in ("seen_at", "suspected_at"):
        async with transaction(sessions) as session:
            await session.execute(
                sa.text(
                    f"UPDATE metering_processes SET {column} = {column} - interval '1 minute'"
                    " WHERE ended_at IS NULL AND seen_at < now() - make_interval(secs => :seconds)"
                ),
                {"seconds": IDLE_SECONDS + 1},
            )
        await metering.credit_ended_processes(sessions)
    async with transaction(sessions) as session:
        assert await metering.differences(session) == []
    await engine.dispose()


async def check(
    site: Live, licences: list[Licence], *, settled: bool, killed_at: Sequence[float] = ()
) -> int:
    """Every answered call has exactly one record; once all clients have retried, calls, records and counters agree.

    What was answered is not credited, but for the last seconds of a process that was killed.

    :param killed_at: when, as the system's clock says.
    :return: how many records were credited.
    """
    credited_in_all = 0
    connection = await asyncpg.connect(site.dsn)
    try:
        for licence in licences:
            told = dict(licence.answered)  # before the query: what was answered by now must be there
            found = await connection.fetch(
                "SELECT r.record_id::text, k.key, extract(epoch FROM r.recorded_at)::float AS at,"
                "       c.record_id IS NOT NULL AS credited"
                "  FROM usage_records r LEFT JOIN usage_keys k USING (licence_id, record_id)"
                "  LEFT JOIN usage_credits c USING (licence_id, record_id) WHERE r.licence_id = $1",
                licence.licence_id,
            )
            counted = await connection.fetchrow(
                "SELECT used_1 AS used_calls, used_2 AS used_rows FROM licence_counters WHERE licence_id = $1",
                licence.licence_id,
            )
            records = Counter(row["record_id"] for row in found)
            answered = set(told.values())
            standing = {row["record_id"] for row in found if not row["credited"]}
            credited_in_all += len(found) - len(standing)
            for row in found:
                if row["credited"] and row["record_id"] in answered:
                    assert any(at - UNACCOUNTED_SECONDS < row["at"] <= at for at in killed_at), row
            assert set(records.values()) <= {1}
            assert set(told.values()) <= records.keys()
            assert len(set(told.values())) == len(told)
            assert licence.quota is None or counted["used_calls"] <= licence.quota
            if licence.keyed:
                recorded = {row["key"]: row["record_id"] for row in found if row["key"] is not None}
                assert {key: recorded[key] for key in told} == told
                if settled:
                    assert recorded == told
            if settled:
                assert standing <= answered, "what nobody was answered is credited"
                assert (counted["used_calls"], counted["used_rows"]) == (len(standing), len(standing) * ROWS)
    finally:
        await connection.close()
    return credited_in_all


async def test_nothing_answered_is_lost_and_nothing_is_counted_twice(
    site: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    licences = [
        Licence(licence_id, token, quota)
        for quota in (None, QUOTA)
        for licence_id, token in (
            await site.open_licences(2, quotas={} if quota is None else {"calls": quota})
        ).items()
    ]
    ((licence_id, token),) = (await site.open_licences(1)).items()
    licences.append(Licence(licence_id, token, keyed=False))
    load = Load(site.url, licences)
    api = await restarted(site)
    calling = asyncio.create_task(load.run())
    started = perf_counter()
    killed_at: list[float] = []
    try:
        for _ in range(ROUNDS):
            await load.more()
            await asyncio.to_thread(crash, site.server)
            await asyncio.to_thread(site.server.start)
            await check(site, licences, settled=False, killed_at=killed_at)
            await load.more()
            await asyncio.to_thread(end, api, signal.SIGKILL)
            killed_at.append(time())
            await check(site, licences, settled=False, killed_at=killed_at)
            api = await restarted(site)
        await load.more()
        load.going = False
        await asyncio.wait_for(calling, _PATIENCE_SECONDS)
        await credit_the_dead(site)
        credited = await check(site, licences, settled=True, killed_at=killed_at)
        for licence in licences:
            # What was answered and is credited all the same gave its share of the quota back.
            assert licence.quota is None or len(licence.answered) >= QUOTA
    finally:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await asyncio.to_thread(end, api, signal.SIGTERM)
    keyed = [licence for licence in licences if licence.keyed]
    answered = sum(len(licence.answered) for licence in keyed)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{ROUNDS} immediate stops of PostgreSQL and {ROUNDS} SIGKILLs of the service in"
            f" {perf_counter() - started:.0f} s: {answered:,} calls answered = records = counters,"
            f" {sum(len(licence.refused) for licence in keyed):,} refused at the quota,"
            f" {sum(load.retries.values()):,} retries {dict(load.retries)}, {credited:,} credited\n"
        )


def request(url: str, token: str) -> tuple[tuple[str, int], bytes]:
    """Where a data call goes, and its bytes."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    head = f"GET {parts.path}?limit={ROWS} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    return (parts.hostname, parts.port), head.encode()


def hang_up(connection: socket.socket) -> None:
    """End a connection at once, without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def test_who_hangs_up_before_the_answer_is_credited_and_who_does_after_it_is_not(site: Live) -> None:
    ((licence_id, token),) = (await site.open_licences(1)).items()
    address, head = request(site.url, token)
    reading = (
        "SELECT (SELECT count(*) FROM usage_records WHERE licence_id = $1), count(*), (SELECT used_1 FROM"
    )
    reading += " licence_counters WHERE licence_id = $1) FROM usage_credits WHERE licence_id = $1"
    owner = await asyncpg.connect(owner_url(with_server(site.settings, site.server.address)))
    api = await restarted(site)
    try:
        for _ in range(10):
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(head)
                answer = b""
                while b'"next_cursor"' not in answer:
                    answer += await asyncio.to_thread(connection.recv, 65536)
                assert answer.startswith(b"HTTP/1.1 200")
                hang_up(connection)
        async with owner.transaction():  # nothing is decided while this lasts
            await owner.execute("SELECT FROM licence_counters WHERE licence_id = $1 FOR UPDATE", licence_id)
            for _ in range(5):
                connection = socket.create_connection(address, timeout=10)
                connection.sendall(head)
                await asyncio.sleep(0.3)
                hang_up(connection)
            await asyncio.sleep(2)  # on a machine at its limit the last one is read late
        for _ in range(100):
            found = tuple(await owner.fetchrow(reading, licence_id))
            if found[1] == 5:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(2.5)
        assert tuple(await owner.fetchrow(reading, licence_id)) == (15, 5, 10)
    finally:
        await owner.close()
        await asyncio.to_thread(end, api, signal.SIGTERM)
