"""Billing periods: closed under load, nothing lost, nothing doubled."""

import asyncio

import asyncpg
import sqlalchemy as sa

from infra.db import AsyncSession, SessionMaker, create_engine, create_sessions, new_id, transaction
from infra.units import UnitVector
from market.metering import service
from market.metering.admission_sql import admit
from market.metering.domain import PeriodUsage
from market.metering.group_commit import Admission
from tests.support.database import TestDatabase
from tests.support.metering import (
    Connection,
    LicenceMaker,
    call_for,
    close_period,
    counted,
    end_month,
    recorded,
)


async def test_closing_under_load_loses_and_doubles_nothing(
    database: TestDatabase, sessions: SessionMaker, connection: Connection, make_licence: LicenceMaker
) -> None:
    purposes = ("industry", "research", "welfare")
    licence_id = await make_licence(quotas={"calls": 2_000}, sole_purpose=None)
    admission = Admission(database.service_url, batch_limit=32)
    await admission.start()
    closed: list[PeriodUsage] = []

    async def close_now_and_then() -> None:
        for period_no in range(1, 9):
            await asyncio.sleep(0.01)
            # Whoever comes first cuts it: a call, or this.
            async with transaction(sessions) as session:
                await end_month(session, licence_id)
            async with transaction(sessions) as session:
                await service.cut_periods(session, licence_id)
            async with transaction(sessions) as session:
                period = await service.get_closed_period(session, licence_id, period_no)
                assert period is not None
                closed.append(period)

    async def caller(purpose: str) -> list[tuple[int | None, str]]:
        calls = [call_for(licence_id, rows=3, purpose=purpose) for _ in range(50)]
        return [((await admission.admit(call)).period_no, purpose) for call in calls]

    closing = asyncio.create_task(close_now_and_then())
    answers = await asyncio.gather(*(caller(purposes[place % 3]) for place in range(40)))
    await closing
    await admission.close()
    async with transaction(sessions) as session:
        closed.append(await close_period(session, licence_id, 9))
        by_purpose = [await service.used_by_purpose(session, licence_id, no) for no in range(1, 10)]
        differences = await service.differences(session)
    told = [entry for answer in answers for entry in answer]
    for period, used in zip(closed, by_purpose, strict=True):
        assert period.units == await recorded(connection, licence_id, period.period_no)
        assert sum(used.values(), UnitVector()) == period.units
        for purpose in purposes:
            counted_calls = used.get(purpose, UnitVector())["calls"]
            assert counted_calls == told.count((period.period_no, purpose))
    assert [period.period_no for period in closed] == list(range(1, 10))
    assert sum(period.units["calls"] for period in closed) == 2_000
    assert await counted(connection, licence_id) == UnitVector(calls=2_000, rows=6_000, bytes=2_000_000)
    assert [before.closed_at for before in closed[:-1]] == [after.opened_at for after in closed[1:]]
    assert differences == []


async def test_a_rolled_back_close_closes_nothing(sessions: SessionMaker, make_licence: LicenceMaker) -> None:
    licence_id = await make_licence()
    async with sessions() as session:
        await close_period(session, licence_id, 1)
        await session.rollback()
    async with transaction(sessions) as session:
        assert await service.get_closed_period(session, licence_id, 1) is None
        assert (await close_period(session, licence_id, 1)).period_no == 1


async def test_a_period_is_closed_once_and_answered_as_it_was_closed(
    connection: Connection, sessions: SessionMaker, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    await admit(connection, [call_for(licence_id)], seconds=10)
    async with transaction(sessions) as session:
        first = await close_period(session, licence_id, 1)
    await admit(connection, [call_for(licence_id)], seconds=10)
    async with transaction(sessions) as session:
        assert await service.cut_periods(session, licence_id) == 0
        assert await service.get_closed_period(session, licence_id, 1) == first
        assert await service.get_closed_period(session, licence_id, 2) is None
        assert (await close_period(session, licence_id, 2)).units["calls"] == 1
        assert await service.used_by_purpose(session, licence_id, 1) == {"research": first.units}


async def test_what_does_not_add_up_by_purpose_is_found(
    connection: Connection, database: TestDatabase, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(sole_purpose=None)
    await admit(connection, [call_for(licence_id, purpose=purpose) for purpose in "aab"], seconds=10)
    engine = create_engine(database.owner_url, pool_size=1)
    async with create_sessions(engine)() as session:  # rolled back
        await session.execute(
            sa.text(
                "UPDATE usage_purposes SET units_1 = CASE purpose WHEN 'a' THEN 1 ELSE 2 END WHERE licence_id = :id"
            ),
            {"id": licence_id},
        )
        found = [entry for entry in await service.differences(session) if entry.licence_id == licence_id]
    await engine.dispose()
    assert {(entry.purpose, entry.counted["calls"], entry.recorded["calls"]) for entry in found} == {
        ("a", 1, 2),
        ("b", 2, 1),
    }


async def test_a_licence_that_is_not_metered_has_no_period_to_close(session: AsyncSession) -> None:
    licence_id = new_id()
    assert await service.cut_periods(session, licence_id) == 0
    assert await service.get_open_period(session, licence_id) is None


async def test_counters_that_differ_from_the_records_are_found(
    database: TestDatabase, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    engine = create_engine(database.owner_url, pool_size=1)
    async with create_sessions(engine)() as session:  # rolled back
        await session.execute(
            sa.text("UPDATE licence_counters SET used_1 = 2, period_1 = 2 WHERE licence_id = :id"),
            {"id": licence_id},
        )
        (found,) = [entry for entry in await service.differences(session) if entry.licence_id == licence_id]
    await engine.dispose()
    assert (found.counted["calls"], found.recorded["calls"]) == (2, 0)


async def test_partitions_are_made_ahead_by_a_role_that_owns_nothing(
    sessions: SessionMaker, database: TestDatabase
) -> None:
    async with transaction(sessions) as session:
        assert await service.ensure_partitions(session) == 0  # the migration made them
    owner = await asyncpg.connect(database.owner_url)
    try:
        names = await owner.fetch(
            "SELECT relname FROM pg_class WHERE relname ~ '^usage_records_p_[0-9]{6}$' ORDER BY 1 DESC"
        )
        await owner.execute(f"DROP TABLE {names[0]['relname']}")
        async with transaction(sessions) as session:
            assert await service.ensure_partitions(session) == 1
    finally:
        await owner.close()
