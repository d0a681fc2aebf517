"""Group commit: many callers, several processes' worth of flushers, and a database that comes and goes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from infra.tasks import TaskRegistry
from infra.units import UnitVector
from market.metering import group_commit
from market.metering.domain import Decision, Outcome
from market.metering.group_commit import Admission, MeteringAway, MeteringBusy
from tests.support.database import TestDatabase
from tests.support.metering import Connection, LicenceMaker, call_for, counted, recorded, running
from tests.support.outages import refusing_connections


@pytest.fixture
async def admission(database: TestDatabase) -> AsyncIterator[Admission]:
    async with running(database.service_url) as made:
        yield made


def tally(decisions: list[Decision]) -> Counter[str]:
    return Counter(decision.outcome.value for decision in decisions)


async def test_several_flushers_never_exceed_a_quota_by_one(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 700, "rows": 6_001})
    async with AsyncExitStack() as stack:
        flushers = [
            await stack.enter_async_context(running(database.service_url, batch_limit=limit))
            for limit in (64, 17, 5)
        ]
        decisions = await asyncio.gather(
            *(flushers[number % 3].admit(call_for(licence_id, rows=number % 19)) for number in range(1500))
        )
    found = tally(decisions)
    used = await counted(connection, licence_id)
    calls, rows = used["calls"], used["rows"]
    assert found["admitted"] == calls <= 700
    assert rows <= 6_001
    assert found["admitted"] + found["quota_exceeded"] == 1500
    assert await recorded(connection, licence_id) == used
    # Something small would still have fitted only if a quota has room left and nobody asked for that little.
    assert calls == 700 or rows == 6_001


async def test_concurrent_repeats_are_recorded_once(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    async with running(database.service_url, batch_limit=7) as one, running(database.service_url) as two:
        decisions = await asyncio.gather(
            *(
                flusher.admit(call_for(licence_id, key=f"key-{number}"))
                for number in range(40)
                for flusher in (one, two, one)
            )
        )
    assert tally(decisions) == {"admitted": 40, "repeated": 80}
    assert len({decision.record_id for decision in decisions}) == 40
    assert (
        await counted(connection, licence_id)
        == await recorded(connection, licence_id)
        == UnitVector(calls=40, rows=400, bytes=40_000)
    )


async def test_many_licences_in_any_order_do_not_deadlock(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licences = [await make_licence() for _ in range(20)]
    async with running(database.service_url, batch_limit=40) as one, running(database.service_url) as two:
        decisions = await asyncio.gather(
            *(one.admit(call_for(licence_id)) for licence_id in licences * 20),
            *(two.admit(call_for(licence_id)) for licence_id in list(reversed(licences)) * 20),
        )
    assert tally(decisions) == {"admitted": 800}
    assert [await counted(connection, licence_id) for licence_id in licences] == [
        UnitVector(calls=40, rows=400, bytes=40_000)
    ] * 20


async def test_a_lost_connection_loses_and_doubles_nothing(
    admission: Admission, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()

    async def interrupt() -> int:
        ended = 0
        for _ in range(15):
            await asyncio.sleep(0.02)
            ended += await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'data-market-metering' AND datname = current_database()"
            )
        return ended

    async def caller(number: int) -> list[Decision]:
        return [await admission.admit(call_for(licence_id, key=f"{number}-{turn}")) for turn in range(40)]

    interrupting = asyncio.create_task(interrupt())
    answers = await asyncio.gather(*(caller(number) for number in range(30)))
    assert await interrupting > 0
    decisions = [decision for answer in answers for decision in answer]
    # A batch that had been committed before its answer was lost comes back as repeated: recorded once all the same.
    assert {decision.outcome for decision in decisions} <= {Outcome.ADMITTED, Outcome.REPEATED}
    assert len({decision.record_id for decision in decisions}) == 1200
    assert (
        await counted(connection, licence_id)
        == await recorded(connection, licence_id)
        == UnitVector(calls=1200, rows=12_000, bytes=1_200_000)
    )


async def test_without_a_database_calls_wait_and_are_then_refused() -> None:
    async with running("postgresql://nobody@127.0.0.1:1/nothing", wait_seconds=0.5) as admission:
        started = perf_counter()
        with pytest.raises(MeteringAway) as refusal:
            await admission.admit(call_for(UUID(int=1)))
        assert 0.4 < perf_counter() - started < 2
        assert refusal.value.headers()["Retry-After"] == "2"


async def test_past_its_bound_the_queue_refuses_at_once() -> None:
    async with running(
        "postgresql://nobody@127.0.0.1:1/nothing", queue_limit=2, wait_seconds=0.5
    ) as admission:
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(admission.admit(call_for(UUID(int=1)))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(MeteringBusy):
            await admission.admit(call_for(UUID(int=1)))
        assert {type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)} == {
            MeteringAway
        }


async def test_it_recovers_when_the_schema_appears(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    owner = await asyncpg.connect(database.owner_url)
    # Of this database, not of the login, which other workers' databases share.
    name = await connection.fetchval("SELECT quote_ident(current_database())")
    await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    try:
        async with running(database.service_url) as admission:
            waiting = asyncio.create_task(admission.admit(call_for(licence_id)))
            await asyncio.sleep(0.3)
            assert not waiting.done()
            await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
            assert (await waiting).outcome is Outcome.ADMITTED
    finally:
        await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
        await owner.close()


async def test_a_refused_connection_is_waited_out_whatever_the_servers_reason(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    async with running(database.service_url) as admission:
        async with refusing_connections(database):
            calls = [asyncio.create_task(admission.admit(call_for(licence_id))) for _ in range(5)]
            await asyncio.sleep(0.5)
            assert not any(call.done() for call in calls)
        assert tally(await asyncio.gather(*calls)) == {"admitted": 5}
    assert (await recorded(connection, licence_id))["calls"] == 5


@pytest.mark.parametrize(
    "change", [{"purpose": "nul\x00"}, {"units": UnitVector(calls=1, rows=2**40)}, {"key": 7}]
)
async def test_one_call_that_cannot_be_recorded_does_not_hurt_the_others(
    admission: Admission, connection: Connection, make_licence: LicenceMaker, change: dict[str, Any]
) -> None:
    licence_id = await make_licence()
    bad = call_for(licence_id)._replace(**change)
    answers = await asyncio.gather(
        *(admission.admit(call_for(licence_id)) for _ in range(6)),
        admission.admit(bad),
        *(admission.admit(call_for(licence_id)) for _ in range(5)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers].count(Decision) == 11
    assert isinstance(answers[6], asyncpg.PostgresError | asyncpg.InterfaceError)
    assert not isinstance(answers[6], MeteringAway)
    assert await counted(connection, licence_id) == UnitVector(calls=11, rows=110, bytes=11_000)


async def test_closing_answers_everybody_who_waits(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    admission = Admission(database.service_url, batch_limit=10)
    await admission.start()
    waiting = [asyncio.create_task(admission.admit(call_for(licence_id))) for _ in range(100)]
    await asyncio.sleep(0)
    await admission.close()
    assert tally(await asyncio.gather(*waiting)) == {"admitted": 100}
    with pytest.raises(MeteringBusy):
        await admission.admit(call_for(licence_id))


async def test_a_caller_who_hung_up_in_the_queue_is_not_billed(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    admission = Admission(database.service_url)
    waiting = asyncio.create_task(admission.admit(call_for(licence_id)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    await admission.start()
    await admission.close()
    assert await counted(connection, licence_id) == UnitVector(calls=0, rows=0, bytes=0)


async def test_metering_goes_on_after_its_flusher_ended(
    database: TestDatabase, make_licence: LicenceMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence_id, tasks = await make_licence(), TaskRegistry()
    broken = True
    decide = Admission._decide

    async def unforeseen(admission: Admission, *arguments: Any) -> None:
        if broken:
            raise OSError("whatever nobody has thought of")
        await decide(admission, *arguments)

    monkeypatch.setattr(Admission, "_decide", unforeseen)
    async with running(database.service_url, wait_seconds=5, tasks=tasks) as admission:
        with pytest.raises(MeteringAway):
            await admission.admit(call_for(licence_id))
        assert tasks.components()["metering"].reason == "OSError"
        broken = False
        started = perf_counter()
        decision = await admission.admit(call_for(licence_id))
        assert decision.outcome is Outcome.ADMITTED
        assert perf_counter() - started < 3


async def test_metering_says_that_it_cannot_reach_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "_INTERRUPTED_SECONDS", 0.2)
    tasks = TaskRegistry()
    async with running("postgresql://nobody@127.0.0.1:1/nothing", wait_seconds=1, tasks=tasks) as admission:
        assert tasks.components()["metering"].up
        waiting = asyncio.create_task(admission.admit(call_for(UUID(int=1))))
        await asyncio.sleep(0.7)
        assert not tasks.components()["metering"].up
        with pytest.raises(MeteringAway):
            await waiting
        # Nobody waits any more: the next call is tried, rather than refused for ever.
        async with asyncio.timeout(3):
            while not tasks.components()["metering"].up:
                await asyncio.sleep(0.05)
