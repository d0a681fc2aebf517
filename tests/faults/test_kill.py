"""SIGKILL of the service and an immediate stop of PostgreSQL, under load, again and again: ``FAULT_ROUNDS`` times.

Callers behave as a careful buyer's program does: each call has an ``Idempotency-Key`` of its own and is sent again,
with the same key, until it is answered. One caller uses no keys, to show what is promised without them.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from uuid import UUID

import asyncpg
import httpx
import pytest

from infra.db import new_id
from tests.benchmarks.live import PURPOSE, Live, end, live
from tests.support.crash import crash
from tests.support.network import free_port

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))
CALLERS_PER_LICENCE = 4
ROWS = 5
QUOTA = 30 * ROUNDS
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
def site() -> Iterator[Live]:
    """A service of its own with the demo trade played, everything synced to disk."""
    with live(free_port()) as made:
        yield made


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


async def check(site: Live, licences: list[Licence], *, settled: bool) -> None:
    """Every answered call has exactly one record; once all clients have retried, calls, records and counters agree."""
    connection = await asyncpg.connect(site.dsn)
    try:
        for licence in licences:
            told = dict(licence.answered)  # before the query: what was answered by now must be there
            found = await connection.fetch(
                "SELECT r.record_id::text, k.key FROM usage_records r"
                " LEFT JOIN usage_keys k USING (licence_id, record_id) WHERE r.licence_id = $1",
                licence.licence_id,
            )
            counted = await connection.fetchrow(
                "SELECT used_1 AS used_calls, used_2 AS used_rows FROM licence_counters WHERE licence_id = $1",
                licence.licence_id,
            )
            records = Counter(row["record_id"] for row in found)
            assert set(records.values()) <= {1}
            assert set(told.values()) <= records.keys()
            assert len(set(told.values())) == len(told)
            assert licence.quota is None or counted["used_calls"] <= licence.quota
            if licence.keyed:
                recorded = {row["key"]: row["record_id"] for row in found}
                assert {key: recorded[key] for key in told} == told
                if settled:
                    assert recorded == told
            if settled:
                assert (counted["used_calls"], counted["used_rows"]) == (len(found), len(found) * ROWS)
                assert not licence.keyed or len(found) == len(licence.answered)
    finally:
        await connection.close()


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
    try:
        for _ in range(ROUNDS):
            await load.more()
            await asyncio.to_thread(crash, site.server)
            await asyncio.to_thread(site.server.start)
            await check(site, licences, settled=False)
            await load.more()
            await asyncio.to_thread(end, api, signal.SIGKILL)
            await check(site, licences, settled=False)
            api = await restarted(site)
        await load.more()
        load.going = False
        await asyncio.wait_for(calling, _PATIENCE_SECONDS)
        await check(site, licences, settled=True)
        limited = [len(licence.answered) for licence in licences if licence.quota is not None]
        assert limited == [QUOTA, QUOTA]
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
            f" {sum(load.retries.values()):,} retries {dict(load.retries)}\n"
        )
