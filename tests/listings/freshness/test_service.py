"""Promises over HTTP, and the event of a broken one."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import sqlalchemy as sa
from litestar import Litestar

from infra.db import SessionMaker, transaction
from listings.freshness import service
from listings.freshness.jobs import observe, tell_overdue
from quality.observations import service as observations
from quality.observations.domain import Observations
from quality.score import Measure
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.editions import in_force
from tests.support.products import CSV, complete, settle_quality, upload

REASON = {"reason": "Because of a complaint"}


async def age(database: TestDatabase, product_id: str, by: timedelta) -> None:
    """Make a product's uploads older: nobody waits for a day."""
    owner = await asyncpg.connect(database.owner_url)
    try:
        async with owner.transaction():
            await owner.execute("ALTER TABLE product_revisions DISABLE TRIGGER USER")
            await owner.execute(
                "UPDATE product_revisions SET uploaded_at = uploaded_at - $2::interval WHERE product_id = $1",
                UUID(product_id),
                by,
            )
            await owner.execute("ALTER TABLE product_revisions ENABLE TRIGGER USER")
    finally:
        await owner.close()


async def told(sessions: SessionMaker, product_id: str) -> list[dict[str, Any]]:
    async with transaction(sessions) as session:
        statement = sa.text(
            "SELECT payload FROM events WHERE subject_id = :id AND kind = 'product.overdue' ORDER BY sequence"
        ).bindparams(id=UUID(product_id))
        return list((await session.execute(statement)).scalars())


async def test_how_a_promise_stands_is_handed_over_to_quality(
    bargain: Bargain, app: Litestar, sessions: SessionMaker, database: TestDatabase
) -> None:
    await age(database, bargain.product_id, timedelta(hours=2))
    await observe(job_context(app, sessions), {})
    promise = await bargain.operator.get(f"/v1/products/{bargain.product_id}/update-promise")
    async with transaction(sessions) as session:
        seen = await observations.get(session, UUID(bargain.product_id))
    assert seen == Observations(timeliness=Measure(promise["in_time"], promise["periods"]))
    assert promise["in_time"] < promise["periods"]


async def test_a_broken_promise_is_shown_and_told_once_for_each_lapse(
    bargain: Bargain,
    client: httpx.AsyncClient,
    app: Litestar,
    sessions: SessionMaker,
    database: TestDatabase,
) -> None:
    product_id, operator = bargain.product_id, bargain.operator
    path = f"/v1/products/{product_id}/update-promise"
    promise = await operator.get(path)
    assert (promise["update_frequency"], promise["status"]) == ("hourly", "on_time")
    assert (promise["in_time"], promise["periods"], promise["late_since"]) == (1, 1, None)
    due = datetime.fromisoformat(promise["due_at"]) - datetime.fromisoformat(promise["last_arrival"])
    assert due == timedelta(hours=1)
    page = (await client.get(f"/v1/catalogue/{product_id}")).json()
    assert page["update_promise"] == promise
    await bargain.buyer.get(path, status=404)

    await age(database, product_id, timedelta(hours=2))
    late = await operator.get(path)
    assert (late["status"], late["late_since"]) == ("late", late["due_at"])
    assert (late["in_time"], late["periods"]) == (2, 3)
    # A file that has not passed its check is no arrival.
    row = b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n"
    await settle_quality(operator, (await upload(operator, product_id, CSV + row))["id"], passed=False)
    assert await operator.get(path) | {"in_time": 0, "periods": 0} == late | {"in_time": 0, "periods": 0}
    context = job_context(app, sessions)
    for _ in range(2):
        await tell_overdue(context, {})
    (payload,) = await told(sessions, product_id)
    assert payload["update_frequency"] == "hourly"
    assert datetime.fromisoformat(payload["due_at"]) == datetime.fromisoformat(late["late_since"])

    # New data ends the lapse; the next one is told again, and one that a longer promise covers is none.
    newer = await upload(operator, product_id, CSV + row * 2)
    await settle_quality(operator, newer["id"])
    assert (await operator.get(path))["status"] == "on_time"
    await age(database, product_id, timedelta(hours=3))
    await in_force(operator, bargain.regulator, product_id, update_frequency="daily")
    assert (await operator.get(path))["status"] == "on_time"
    await tell_overdue(context, {})
    assert len(await told(sessions, product_id)) == 1
    await in_force(operator, bargain.regulator, product_id, update_frequency="hourly")
    # What is suspended is no arrival either: the last good data is older.
    await bargain.regulator.post(f"/v1/products/{product_id}/suspension", REASON, status=200)
    await tell_overdue(context, {})
    assert len(await told(sessions, product_id)) == 1
    await bargain.regulator.post(f"/v1/products/{product_id}/reinstatement", REASON, status=200)
    await tell_overdue(context, {})
    assert len(await told(sessions, product_id)) == 2
    await in_force(operator, bargain.regulator, product_id, update_frequency="static")
    assert (await operator.get(path))["status"] == "no_promise"


async def test_a_recalled_file_is_no_arrival(
    bargain: Bargain, sessions: SessionMaker, database: TestDatabase
) -> None:
    await age(database, bargain.product_id, timedelta(hours=5))
    row = b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n"
    newer = await upload(bargain.operator, bargain.product_id, CSV + row)
    await settle_quality(bargain.operator, newer["id"])
    path = f"/v1/products/{bargain.product_id}/update-promise"
    assert (await bargain.operator.get(path))["status"] == "on_time"

    async def late() -> bool:
        async with transaction(sessions) as session:
            found, _ = await service.list_late(session, None, 10_000)
        return UUID(bargain.product_id) in found

    assert not await late()
    await bargain.regulator.post(f"/v1/revisions/{newer['id']}/suspension", REASON, status=200)
    assert (await bargain.operator.get(path))["status"] == "late"
    assert await late()


async def test_before_its_publication_a_product_promises_nothing(
    bargain: Bargain,
) -> None:
    product_id = await complete(bargain.owner, bargain.operator)
    promise = await bargain.operator.get(f"/v1/products/{product_id}/update-promise")
    assert (promise["status"], promise["last_arrival"], promise["due_at"]) == ("no_promise", None, None)
