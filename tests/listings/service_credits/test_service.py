"""Missed promises are recorded once each, and shown to everybody who is concerned."""

import asyncio
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col, select

from contracts.licences import events as licences
from infra.db import SessionMaker, transaction
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.tables import EventRow
from listings.service_credits import service
from listings.service_credits.domain import last_month, misses_availability
from listings.service_credits.jobs import record_missed
from quality.observations.domain import CallCounts
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.editions import in_force
from tests.support.products import CSV, settle_quality, upload


async def age(
    database: TestDatabase, product_id: UUID, by: timedelta, *, data: bool = True, promise: bool = True
) -> None:
    """Make a product's uploads older, and its promise: nobody waits for a day."""
    owner = await asyncpg.connect(database.owner_url)
    ages = [("product_revisions", "uploaded_at")] * data + [("product_editions", "effective_at")] * promise
    try:
        async with owner.transaction():
            for table, column in ages:
                await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                await owner.execute(
                    f"UPDATE {table} SET {column} = {column} - $2::interval WHERE product_id = $1",
                    product_id,
                    by,
                )
                await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    finally:
        await owner.close()


async def record(sessions: SessionMaker, product_id: UUID) -> int:
    async with transaction(sessions) as session:
        return await service.record_lapses(session, product_id)


@pytest.mark.parametrize(
    ("moment", "since", "until"),
    [
        ("2026-03-31T23:59:59", "2026-02-01", "2026-03-01"),
        ("2026-01-01T00:00:00", "2025-12-01", "2026-01-01"),
        # Months are those of UTC, whatever the clock of who asks: in Shanghai it is the first of April already.
        ("2026-04-01T07:59:59+08:00", "2026-02-01", "2026-03-01"),
    ],
)
def test_the_last_month_is_a_whole_one(moment: str, since: str, until: str) -> None:
    found = last_month(datetime.fromisoformat(moment + ("" if "+" in moment else "+00:00")))
    assert found == tuple(datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (since, until))


def test_few_calls_say_nothing() -> None:
    promised = Fraction("99.5")
    assert misses_availability(CallCounts(1000, 994, 0), promised, 100)
    assert not misses_availability(CallCounts(1000, 995, 0), promised, 100)
    assert not misses_availability(CallCounts(99, 0, 0), promised, 100)
    assert not misses_availability(CallCounts(0, 0, 0), promised, 0)


async def test_a_lapse_and_a_month_are_recorded_once(
    bargain: Bargain, app: Litestar, sessions: SessionMaker, database: TestDatabase
) -> None:
    await bargain.licensed()
    product_id = UUID(bargain.product_id)
    path = f"/v1/products/{product_id}/service-credits"
    context = job_context(app, sessions)
    await record_missed(context, {})
    assert (await bargain.buyer.get(path))["items"] == []
    since, _ = last_month(datetime.now(UTC))
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute(
            "INSERT INTO call_observations VALUES ($1, $2, 1000, 900, 5), ($1, $3, 500, 500, 5)",
            product_id,
            since + timedelta(days=2),
            since + timedelta(days=3),
        )
    finally:
        await owner.close()
    await age(database, product_id, timedelta(hours=5))
    # A worker that dies before its commit has recorded nothing, and two at once record each promise once.
    async with sessions() as killed:
        assert await service.record_lapses(killed, product_id) == 1
        assert await service.record_availability(killed, product_id)
    assert (await bargain.buyer.get(path))["items"] == []
    await asyncio.gather(*(record_missed(context, {}) for _ in range(3)))
    await record_missed(context, {})
    found = {one["promise"]: one for one in (await bargain.buyer.get(path))["items"]}
    assert found.keys() == {"freshness", "availability"}
    assert found["availability"]["detail"] == {
        "calls": 1500,
        "answered": 1400,
        "promised_percent": "99.5",
    }
    late = {
        name: datetime.fromisoformat(found["freshness"][name]) for name in ("period_from", "period_until")
    }
    (edition,) = (await bargain.operator.get(f"/v1/catalogue/{product_id}/editions"))["items"]
    # An hour after the publication, which came after the data.
    assert late["period_until"] == datetime.fromisoformat(edition["effective_at"]) + timedelta(hours=1)
    assert late["period_from"] < late["period_until"] - timedelta(hours=1)
    async with transaction(sessions) as session:
        told = sa.text(
            "SELECT count(*) FROM events WHERE subject_id = :id AND kind = 'product.promise_missed'"
        )
        assert (await session.execute(told.bindparams(id=product_id))).scalar_one() == 2
        product_events = col(EventRow.subject_id) == product_id
        missed = col(EventRow.kind) == EventKind.PRODUCT_PROMISE_MISSED
        for row in (await session.exec(select(EventRow).where(product_events, missed))).all():
            event = Event(**row.model_dump() | {"kind": EventKind(row.kind)})
            for subscriber in licences.SUBSCRIBERS:
                if event.kind in subscriber.kinds:
                    await subscriber.handler(context, session, event)
        heard = col(EventRow.kind) == EventKind.LICENCE_PROMISE_MISSED
        rows = (await session.exec(select(EventRow).where(heard))).all()
        mine = [row for row in rows if row.payload["product_id"] == str(product_id)]
    assert {row.payload["promise"] for row in mine} == {"freshness", "availability"}
    assert all(bargain.buyer.organisation_id in row.organisations for row in mine)


async def test_a_promise_binds_from_when_it_took_effect(
    bargain: Bargain, sessions: SessionMaker, database: TestDatabase
) -> None:
    product_id, operator = UUID(bargain.product_id), bargain.operator
    # Published with data of yesterday: nobody was promised anything before.
    await age(database, product_id, timedelta(days=1), promise=False)
    assert await record(sessions, product_id) == 0
    await in_force(operator, bargain.regulator, bargain.product_id, update_frequency="weekly")
    await age(database, product_id, timedelta(days=2))
    await in_force(operator, bargain.regulator, bargain.product_id, update_frequency="hourly")
    assert await record(sessions, product_id) == 0, "what is hourly since a moment ago is not days late"
    await age(database, product_id, timedelta(hours=2))
    assert await record(sessions, product_id) == 1
    # Neither a longer nor a shorter promise makes the same lapse another.
    for frequency in ("daily", "hourly"):
        await in_force(operator, bargain.regulator, bargain.product_id, update_frequency=frequency)
        await age(database, product_id, timedelta(days=3), data=False)
        assert await record(sessions, product_id) == 0
    (missed,) = (await bargain.buyer.get(f"/v1/products/{product_id}/service-credits"))["items"]
    assert missed["detail"] == {"update_frequency": "hourly"}


async def test_data_that_came_in_time_and_is_checked_slowly_is_no_lapse(
    bargain: Bargain, sessions: SessionMaker, database: TestDatabase
) -> None:
    product_id, operator = UUID(bargain.product_id), bargain.operator
    row = b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n"
    await age(database, product_id, timedelta(minutes=50))
    newer = await upload(operator, bargain.product_id, CSV + row)
    # It came in time and its check takes hours.
    await age(database, product_id, timedelta(hours=3))
    assert await record(sessions, product_id) == 0
    await settle_quality(operator, newer["id"])
    assert await record(sessions, product_id) == 1, "since then nothing has come"
    newest = await upload(operator, bargain.product_id, CSV + row * 2)
    await settle_quality(operator, newest["id"])
    assert await record(sessions, product_id) == 0


async def test_a_lapse_that_ended_before_anybody_looked_is_recorded(
    bargain: Bargain, sessions: SessionMaker, database: TestDatabase
) -> None:
    await age(database, UUID(bargain.product_id), timedelta(hours=2))
    row = b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n"
    newer = await upload(bargain.operator, bargain.product_id, CSV + row)
    await settle_quality(bargain.operator, newer["id"])
    assert await record(sessions, UUID(bargain.product_id)) == 1
    # Served until it is recalled, it has ended the lapse, and came in time for the next.
    reason = {"reason": "Because of a complaint"}
    await bargain.regulator.post(f"/v1/revisions/{newer['id']}/suspension", reason, status=200)
    assert await record(sessions, UUID(bargain.product_id)) == 0


async def test_licensees_read_what_was_missed_once_the_product_is_suspended_or_withdrawn(
    bargain: Bargain, app: Litestar, sessions: SessionMaker, database: TestDatabase
) -> None:
    product_id, reason = UUID(bargain.product_id), {"reason": "Because of a complaint"}
    path, product = f"/v1/products/{product_id}/service-credits", f"/v1/products/{product_id}"
    await age(database, product_id, timedelta(hours=5))
    await bargain.regulator.post(f"{product}/suspension", reason, status=200)
    # While nobody is served nothing is owed; the lapse that goes on counts from the reinstatement on, once.
    await record_missed(job_context(app, sessions), {})
    assert (await bargain.buyer.get(path))["items"] == []
    await bargain.regulator.post(f"{product}/reinstatement", reason, status=200)
    await record_missed(job_context(app, sessions), {})
    await bargain.regulator.post(f"{product}/suspension", reason, status=200)
    assert len((await bargain.buyer.get(path))["items"]) == 1
    await bargain.operator.post(f"{product}/withdrawal", reason, status=200)
    await record_missed(job_context(app, sessions), {})
    assert len((await bargain.buyer.get(path))["items"]) == 1
