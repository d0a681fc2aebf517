"""Credits: what a credited call gives back, in which period, and what its key does afterwards."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from infra import units
from infra.db import SessionMaker, transaction
from infra.units import UnitVector
from market.metering import service
from market.metering.admission_sql import admit
from market.metering.domain import Call, Decision, Outcome
from tests.support.database import TestDatabase
from tests.support.metering import (
    Connection,
    LicenceMaker,
    call_for,
    close_period,
    counted,
    counted_by_purpose,
)

ONE = UnitVector(calls=1, rows=10, bytes=1000)
TWO = ONE + ONE
NONE = UnitVector()


async def decide(connection: Connection, *calls: Call) -> list[Decision]:
    return await admit(connection, calls, seconds=10)


async def credit(connection: Connection, *calls: Call, reason: str = "unanswered") -> list[UUID]:
    """Credit calls; answers the records credited now."""
    credited: list[UUID] = await connection.fetchval(
        "SELECT credit_calls($1, $2, $3)",
        [call.licence_id for call in calls],
        [call.record_id for call in calls],
        reason,
    )
    return credited


async def open_period(connection: Connection, licence_id: UUID) -> UnitVector:
    """What the open period counts."""
    row = await connection.fetchrow("SELECT * FROM licence_counters WHERE licence_id = $1", licence_id)
    return UnitVector.of(row[f"period_{unit.slot}"] or 0 for unit in units.UNITS.summed)


async def confirm(connection: Connection, licence_id: UUID, period_no: int = 1) -> int | None:
    """Confirm a period; answers how many calls are not accounted for."""
    found: int | None = await connection.fetchval("SELECT confirm_period($1, $2)", licence_id, period_no)
    return found


async def counted_in(connection: Connection, call: Call) -> int | None:
    """The period in which a credit counts."""
    found: int | None = await connection.fetchval(
        "SELECT period_no FROM usage_credits WHERE licence_id = $1 AND record_id = $2",
        call.licence_id,
        call.record_id,
    )
    return found


async def close(sessions: SessionMaker, licence_id: UUID, period_no: int) -> UnitVector:
    async with transaction(sessions) as session:
        return (await close_period(session, licence_id, period_no)).units


@pytest.fixture(autouse=True)
async def consistent(sessions: SessionMaker, connection: Connection) -> object:
    """Whatever a test did: counters, purposes, records and credits agree, and totals are the sum of the periods."""
    yield None
    async with transaction(sessions) as session:
        assert await service.differences(session) == []
    assert not await connection.fetch(
        """
        SELECT FROM licence_counters c
         WHERE used_1 <> period_1
                         + coalesce((SELECT sum(units_1) FROM usage_periods u WHERE u.licence_id = c.licence_id), 0)
        """
    )


async def test_a_credit_gives_the_quota_back_once(connection: Connection, make_licence: LicenceMaker) -> None:
    licence_id = await make_licence(quotas={"calls": 2, "rows": 20})
    first, second = call_for(licence_id), call_for(licence_id)
    await decide(connection, first, second)
    assert (await decide(connection, call_for(licence_id)))[0].outcome is Outcome.QUOTA_EXCEEDED
    assert await credit(connection, first) == [first.record_id]
    assert await credit(connection, first, first) == []
    assert await counted(connection, licence_id) == await open_period(connection, licence_id) == ONE
    assert await counted_in(connection, first) == 1
    again = call_for(licence_id)
    assert [d.outcome for d in await decide(connection, again)] == [Outcome.ADMITTED]
    records = await connection.fetchval(
        "SELECT count(*) FROM usage_records WHERE licence_id = $1", licence_id
    )
    assert records == 3, "what was recorded stays"


async def test_what_was_never_recorded_is_not_credited(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id, other = await make_licence(), await make_licence()
    call = call_for(licence_id)
    assert await credit(connection, call) == []
    await decide(connection, call)
    assert await credit(connection, call._replace(licence_id=other)) == []
    assert await counted(connection, licence_id) == ONE


async def test_a_licence_with_several_purposes_gets_back_what_was_used_for_each(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(sole_purpose=None)
    calls = [call_for(licence_id, purpose=purpose) for purpose in ("research", "credit", "credit")]
    await decide(connection, *calls)
    assert set(await credit(connection, calls[0], calls[2])) == {calls[0].record_id, calls[2].record_id}
    assert await counted_by_purpose(connection, licence_id) == {"research": NONE, "credit": ONE}
    assert await open_period(connection, licence_id) == ONE


@pytest.mark.parametrize("sole_purpose", ["research", None])
async def test_a_credit_counts_in_the_period_of_its_call_until_that_is_confirmed(
    connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker, sole_purpose: str | None
) -> None:
    licence_id = await make_licence(quotas={"calls": 4}, sole_purpose=sole_purpose)
    lost = [call_for(licence_id), call_for(licence_id, purpose="research", rows=3)]
    await decide(connection, *lost, call_for(licence_id))
    assert (await close(sessions, licence_id, 1))["calls"] == 3
    later = call_for(licence_id)
    await decide(connection, later)
    assert await credit(connection, lost[0], later) == [lost[0].record_id, later.record_id]
    assert [await counted_in(connection, call) for call in (lost[0], later)] == [1, 2]
    assert await close(sessions, licence_id, 1) == ONE + lost[1].units
    assert (await counted_by_purpose(connection, licence_id))["research"] == ONE + lost[1].units
    assert (await open_period(connection, licence_id), await counted(connection, licence_id)) == (
        NONE,
        ONE + lost[1].units,
    )
    assert await confirm(connection, licence_id) == 0
    assert await credit(connection, lost[1]) == [], "what is confirmed is billed"
    assert await confirm(connection, licence_id) == 0
    assert await confirm(connection, licence_id, 2) is None, "it is open"
    assert await close(sessions, licence_id, 2) == NONE


async def test_credits_and_confirmations_that_meet_see_each_other(
    connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker, database: TestDatabase
) -> None:
    licence_id, other_id = await make_licence(), await make_licence()
    another = await asyncpg.connect(database.service_url)
    for first, second, number in (("credit", "confirm", 1), ("confirm", "credit", 0)):
        licence = licence_id if first == "credit" else other_id
        call = call_for(licence)
        await decide(connection, call)
        await close(sessions, licence, 1)

        async def do(what: str, on: Connection, licence: UUID = licence, call: Call = call) -> object:
            return await (credit(on, call) if what == "credit" else confirm(on, licence))

        async with connection.transaction():
            await do(first, connection)
            waiting = asyncio.create_task(do(second, another))
            await asyncio.sleep(0.05)
            assert not waiting.done()
        await waiting
        kept = await connection.fetchval("SELECT count(*) FROM usage_credits WHERE licence_id = $1", licence)
        confirmed = await connection.fetchval(
            "SELECT confirmed_at FROM usage_periods WHERE licence_id = $1", licence
        )
        assert (kept, confirmed is None) == (number, False)
        assert (await close(sessions, licence, 1))["calls"] == 1 - number
    await another.close()


async def test_a_key_whose_call_was_credited_counts_anew_once(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 1})
    lost, again, further = (call_for(licence_id, key="k") for _ in range(3))
    await decide(connection, lost)
    await credit(connection, lost)
    (decision,) = await decide(connection, again)
    assert (decision.outcome, decision.record_id) == (Outcome.ADMITTED, again.record_id)
    (decision,) = await decide(connection, further)
    assert (decision.outcome, decision.record_id) == (Outcome.REPEATED, again.record_id)
    assert await counted(connection, licence_id) == ONE
    assert await credit(connection, lost, again) == [], "whoever asked again was answered"


async def test_a_credited_key_twice_in_one_batch_counts_once(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    lost, again, further = (call_for(licence_id, key="k") for _ in range(3))
    fresh = call_for(licence_id, key="other")
    await decide(connection, lost)
    await credit(connection, lost)
    decisions = await decide(connection, again, fresh, further)
    assert [d.outcome for d in decisions] == [Outcome.ADMITTED, Outcome.ADMITTED, Outcome.REPEATED]
    assert decisions[2].record_id == again.record_id
    assert await counted(connection, licence_id) == TWO


async def test_a_credited_key_stays_with_its_request(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    lost = call_for(licence_id, key="k")
    await decide(connection, lost)
    await credit(connection, lost)
    (decision,) = await decide(connection, call_for(licence_id, key="k", request="another"))
    assert decision.outcome is Outcome.KEY_CONFLICT


async def test_a_repeat_before_the_credit_prevents_it(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    first, again = call_for(licence_id, key="k"), call_for(licence_id, key="k")
    await decide(connection, first)
    assert (await decide(connection, again))[0].outcome is Outcome.REPEATED
    assert await credit(connection, first) == []
    assert await counted(connection, licence_id) == ONE


@pytest.mark.parametrize("key", [None, "k"])
async def test_a_batch_that_is_sent_again_can_still_be_credited(
    connection: Connection, make_licence: LicenceMaker, key: str | None
) -> None:
    licence_id = await make_licence()
    call = call_for(licence_id, key=key)
    for _ in range(2):
        (decision,) = await decide(connection, call)
        assert (decision.outcome, decision.record_id) == (Outcome.ADMITTED, call.record_id)
    assert await credit(connection, call) == [call.record_id]
    assert await counted(connection, licence_id) == NONE


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE usage_credits SET units_1 = 5",
        "UPDATE usage_credits SET period_no = 3",
        "DELETE FROM usage_credits",
        "UPDATE usage_periods SET units_1 = units_1 + 1 WHERE confirmed_at IS NULL",
        "UPDATE usage_periods SET closed_at = now() WHERE confirmed_at IS NULL",
        "UPDATE usage_periods SET units_1 = 0 WHERE confirmed_at IS NOT NULL",
        "DELETE FROM usage_periods",
        "UPDATE usage_keys SET record_id = gen_random_uuid() WHERE key = 'answered'",
        "UPDATE usage_keys SET digest = '' WHERE key = 'lost'",
        "DELETE FROM usage_keys",
        "DELETE FROM usage_repeats",
    ],
)
async def test_credits_and_keys_stay_as_they_are_even_for_the_owner(
    connection: Connection,
    make_licence: LicenceMaker,
    sessions: SessionMaker,
    database: TestDatabase,
    forgery: str,
) -> None:
    licence_id, other_id = await make_licence(), await make_licence()
    for licence in (licence_id, other_id):
        await decide(connection, call_for(licence))
        await close(sessions, licence, 1)
    await confirm(connection, other_id)
    lost, answered = call_for(licence_id, key="lost"), call_for(licence_id, key="answered")
    await decide(connection, lost, answered)
    await decide(connection, call_for(licence_id, key="answered"))
    await credit(connection, lost)
    owner = await asyncpg.connect(database.owner_url)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(forgery)
    finally:
        await owner.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(forgery)
