"""Missed promises are recorded once each, and shown to everybody who is concerned."""

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
from listings.service_credits.domain import last_month, misses_availability
from listings.service_credits.jobs import record_missed
from quality.observations.domain import CallCounts
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase


@pytest.mark.parametrize(
    ("moment", "since", "until"),
    [
        ("2026-03-31T23:59:59", "2026-02-01", "2026-03-01"),
        ("2026-01-01T00:00:00", "2025-12-01", "2026-01-01"),
    ],
)
def test_the_last_month_is_a_whole_one(moment: str, since: str, until: str) -> None:
    found = last_month(datetime.fromisoformat(moment).replace(tzinfo=UTC))
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
        async with owner.transaction():
            await owner.execute("ALTER TABLE product_revisions DISABLE TRIGGER USER")
            await owner.execute(
                "UPDATE product_revisions SET uploaded_at = uploaded_at - interval '5 hours' WHERE product_id = $1",
                product_id,
            )
            await owner.execute("ALTER TABLE product_revisions ENABLE TRIGGER USER")
    finally:
        await owner.close()
    for _ in range(2):
        await record_missed(context, {})
    found = {one["promise"]: one for one in (await bargain.buyer.get(path))["items"]}
    assert found.keys() == {"freshness", "availability"}
    assert found["availability"]["detail"] == {
        "calls": 1500,
        "answered": 1400,
        "promised_percent": "99.5",
    }
    promise = await bargain.operator.get(f"/v1/products/{product_id}/update-promise")
    late = found["freshness"]
    assert datetime.fromisoformat(late["period_until"]) == datetime.fromisoformat(promise["late_since"])
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
