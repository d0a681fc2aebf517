"""Calls that were recorded and not answered are credited: by their process, or by the worker after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from infra.db import SessionMaker
from infra.messages import translate
from infra.tasks import TaskRegistry
from infra.units import UnitVector
from market.metering import answers, service
from market.metering.domain import Call, Outcome
from market.metering.group_commit import Admission, MeteringAway, MeteringBusy
from market.metering.record_ids import RecordIds, process_of
from tests.support.database import TestDatabase
from tests.support.faults import Cable
from tests.support.metering import Connection, LicenceMaker, call_for, counted, running

ONE = UnitVector(calls=1, rows=10, bytes=1000)
NONE = UnitVector()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PROGRESS_SECONDS", 0.05)


@asynccontextmanager
async def dying(dsn: str) -> AsyncIterator[Admission]:
    """A process that ends without a word."""
    tasks = TaskRegistry()
    admission = Admission(dsn, tasks=tasks)
    await admission.start()
    try:
        yield admission
    finally:
        await tasks.close()


def call_of(admission: Admission, licence_id: UUID, **options: Any) -> Call:
    return call_for(licence_id, **options)._replace(record_id=admission.answers.ids.next())


async def credited(connection: Connection, licence_id: UUID) -> dict[UUID, str]:
    rows = await connection.fetch(
        "SELECT record_id, reason FROM usage_credits WHERE licence_id = $1", licence_id
    )
    return {row["record_id"]: row["reason"] for row in rows}


async def until_credited(connection: Connection, licence_id: UUID, count: int) -> dict[UUID, str]:
    for _ in range(200):
        if len(found := await credited(connection, licence_id)) >= count:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{found} are credited, not {count}")


async def said(connection: Connection, admission: Admission) -> Any:
    """What a process has said of itself."""
    return await connection.fetchrow(
        "SELECT * FROM metering_processes WHERE id = $1", admission.answers.ids.process_id
    )


async def grow_old(connection: Connection, admission: Admission, column: str = "seen_at") -> None:
    """Let a minute pass since a process was heard of, or suspected."""
    await connection.execute(
        f"UPDATE metering_processes SET {column} = {column} - interval '1 minute' WHERE id = $1",
        admission.answers.ids.process_id,
    )


def test_ids_grow_and_name_their_process() -> None:
    ids = RecordIds(0xDEADBEEF)
    made = [ids.next() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    assert {process_of(each) for each in made} == {0xDEADBEEF}
    assert RecordIds().process_id != RecordIds().process_id


@pytest.mark.parametrize("key", [None, "k"])
async def test_a_call_whose_commit_was_not_heard_of_is_named_and_credited(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker, key: str | None
) -> None:
    licence_id = await make_licence(quotas={"calls": 1})
    async with (
        Cable(database.service_url) as cable,
        running(cable.url, wait_seconds=0.6) as admission,
    ):
        warm = call_of(admission, await make_licence())
        await admission.admit(warm)
        cable.lose_answers()
        lost = call_of(admission, licence_id, key=key)
        with pytest.raises(MeteringAway) as refusal:
            await admission.admit(lost)
        told = refusal.value.problem()
        assert told["usage_record"] == str(lost.record_id)
        assert str(lost.record_id) in told["detail"]
        assert ("Idempotency-Key" in told["remedy"]) is (key is not None)
        assert await counted(connection, licence_id) == ONE, "it was recorded all the same"
        cable.mend()
        assert await until_credited(connection, licence_id, 1) == {lost.record_id: "unanswered"}
        assert await counted(connection, licence_id) == NONE
        again = call_of(admission, licence_id, key=key)
        assert (await admission.admit(again)).outcome is Outcome.ADMITTED
        admission.answers.answered(again.record_id)
    assert await counted(connection, licence_id) == ONE, "answered at last, and billed once"


async def test_a_call_that_was_never_sent_is_not_said_to_be_recorded() -> None:
    async with running(
        "postgresql://nobody@127.0.0.1:1/nothing", wait_seconds=0.3, queue_limit=1
    ) as admission:
        await asyncio.sleep(0)
        waiting = asyncio.create_task(admission.admit(call_for(UUID(int=1))))
        await asyncio.sleep(0.05)
        first = asyncio.create_task(admission.admit(call_for(UUID(int=1))))
        await asyncio.sleep(0)
        with pytest.raises(MeteringBusy) as busy:
            await admission.admit(call_for(UUID(int=1)))
        assert "not recorded" in translate(busy.value.detail, "en")
        for task in (waiting, first):
            with pytest.raises(MeteringAway) as refusal:
                await task
            assert "was not recorded" in translate(refusal.value.detail, "en")
            assert "usage_record" not in refusal.value.problem()


async def test_what_could_not_be_answered_is_credited_and_what_was_is_not(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    async with running(database.service_url) as admission:
        calls = [call_of(admission, licence_id, key=key) for key in (None, "a", None, "b")]
        for call in calls:
            await admission.admit(call)
        for call in calls[:2]:
            admission.answers.answered(call.record_id)
        for call in calls:  # too late for the first two
            admission.answers.unanswered(call.record_id)
        found = await until_credited(connection, licence_id, 2)
        assert found == {call.record_id: "unanswered" for call in calls[2:]}
        assert admission.answers.metrics() == [(2, {})]
    assert (await said(connection, admission))["ended_at"] is not None


async def test_a_caller_who_is_gone_when_the_decision_comes_is_credited(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    owner = await asyncpg.connect(database.owner_url)
    async with running(database.service_url) as admission:
        async with owner.transaction():
            await owner.execute("SELECT FROM licence_counters WHERE licence_id = $1 FOR UPDATE", licence_id)
            call = call_of(admission, licence_id)
            waiting = asyncio.create_task(admission.admit(call))
            await asyncio.sleep(0.1)
            waiting.cancel()
        assert await until_credited(connection, licence_id, 1) == {call.record_id: "unanswered"}
    await owner.close()


async def test_an_answer_that_never_comes_is_credited(
    database: TestDatabase,
    connection: Connection,
    make_licence: LicenceMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "OPEN_SECONDS", 0.2)
    licence_id = await make_licence()
    async with running(database.service_url) as admission:
        call = call_of(admission, licence_id)
        await admission.admit(call)
        assert await until_credited(connection, licence_id, 1) == {call.record_id: "unanswered"}


async def test_the_last_calls_of_a_process_that_died_are_credited_by_the_worker(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker
) -> None:
    licence_id, other_id = await make_licence(), await make_licence(sole_purpose=None)
    async with dying(database.service_url) as admission:
        answered = [call_of(admission, licence_id) for _ in range(3)]
        stuck = call_of(admission, other_id)
        for call in (*answered, stuck):
            await admission.admit(call)
        for call in answered:
            admission.answers.answered(call.record_id)
        for _ in range(100):  # until it has said so
            row = await said(connection, admission)
            if row["decided_through"] == stuck.record_id and row["record_ids"] == [stuck.record_id]:
                break
            await asyncio.sleep(0.05)
        last = [call_of(admission, licence_id, key="k"), call_of(admission, other_id)]
        for call in last:
            await admission.admit(call)
    await connection.execute(  # it died before it could say more
        "UPDATE metering_processes SET decided_through = $2, licence_ids = $3, record_ids = $4 WHERE id = $1",
        admission.answers.ids.process_id,
        stuck.record_id,
        [other_id],
        [stuck.record_id],
    )
    await service.credit_ended_processes(sessions)
    assert (await said(connection, admission))["suspected_at"] is None, "it was heard of just now"
    await grow_old(connection, admission)
    await service.credit_ended_processes(sessions)
    await service.credit_ended_processes(sessions)
    assert await credited(connection, licence_id) == {}, "it is suspected, and may only be slow"
    await grow_old(connection, admission, "suspected_at")
    await service.credit_ended_processes(sessions)
    assert await credited(connection, licence_id) == {last[0].record_id: "process_ended"}
    assert await credited(connection, other_id) == {
        stuck.record_id: "process_ended",
        last[1].record_id: "process_ended",
    }
    assert (await said(connection, admission))["ended_at"] is not None
    async with running(database.service_url) as another:
        again = call_of(another, licence_id, key="k")
        decision = await another.admit(again)
        assert (decision.outcome, decision.record_id) == (Outcome.ADMITTED, again.record_id)
        another.answers.answered(again.record_id)
    assert (await counted(connection, licence_id))["calls"] == 4
    assert await counted(connection, other_id) == NONE
    await service.credit_ended_processes(sessions)
    assert (await counted(connection, licence_id))["calls"] == 4


async def test_a_key_that_came_again_elsewhere_before_is_not_credited(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker
) -> None:
    licence_id = await make_licence()
    async with dying(database.service_url) as admission:
        await admission.admit(call_of(admission, licence_id, key="k"))
    async with running(database.service_url) as another:
        decision = await another.admit(call_of(another, licence_id, key="k"))
        assert decision.outcome is Outcome.REPEATED
    for column in ("seen_at", "suspected_at"):
        await grow_old(connection, admission, column)
        await service.credit_ended_processes(sessions)
    assert (await said(connection, admission))["ended_at"] is not None
    assert await credited(connection, licence_id) == {}
    assert await counted(connection, licence_id) == ONE


async def test_a_process_that_is_heard_of_again_goes_on(
    database: TestDatabase, connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker
) -> None:
    async with running(database.service_url) as admission:
        await admission.admit(call := call_of(admission, await make_licence()))
        admission.answers.answered(call.record_id)
        await asyncio.sleep(0.3)
        await grow_old(connection, admission)
        await service.credit_ended_processes(sessions)
        assert (await said(connection, admission))["suspected_at"] is not None
        await admission.admit(call := call_of(admission, call.licence_id))
        admission.answers.answered(call.record_id)
        await asyncio.sleep(0.3)
        row = await said(connection, admission)
        assert (row["suspected_at"], row["ended_at"]) == (None, None)
    assert await credited(connection, call.licence_id) == {}


async def test_what_is_credited_of_one_process_is_bounded(
    database: TestDatabase,
    connection: Connection,
    make_licence: LicenceMaker,
    sessions: SessionMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "CREDITS_PER_PROCESS", 2)
    licence_id = await make_licence()
    async with dying(database.service_url) as admission:
        calls = [call_of(admission, licence_id) for _ in range(4)]
        for call in calls:
            await admission.admit(call)
    await connection.execute(
        "UPDATE metering_processes SET decided_through = '00000000-0000-0000-0000-000000000000',"
        " licence_ids = '{}', record_ids = '{}' WHERE id = $1",
        admission.answers.ids.process_id,
    )
    for column in ("seen_at", "suspected_at"):
        await grow_old(connection, admission, column)
        await service.credit_ended_processes(sessions)
    assert set(await credited(connection, licence_id)) == {call.record_id for call in calls[2:]}
