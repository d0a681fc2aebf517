"""Repeated failure over HTTP: warning, cure period, suspension, delisting, and every way back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col

from infra.auth import Role
from infra.db import SessionMaker, transaction
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.tables import EventRow
from listings.enforcement import events, service
from listings.enforcement.states import EnforcementAction
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import Party
from tests.support.people import make_person, sign_in
from tests.support.products import CSV, settle_quality, upload

REASON = {"reason": "Because of what the inspection found"}


@pytest.fixture
async def officer(
    app: Litestar, sessions: SessionMaker, regulator: Party
) -> AsyncIterator[httpx.AsyncClient]:
    """A person of the regulator, signed in."""
    person = await make_person(sessions, regulator.organisation_id, [Role.REGULATOR_OFFICER])
    signed_in = await sign_in(app, person.email)
    yield signed_in
    await signed_in.aclose()


async def revise(bargain: Bargain, number: int, *, passed: bool) -> None:
    """Another revision of the product, checked."""
    row = f"S1,2026-02-01T00:00:{number:02d}Z,1.5,13800000000\n".encode()
    revision = await upload(bargain.operator, bargain.product_id, CSV + row)
    await settle_quality(bargain.operator, revision["id"], passed=passed)


async def follow(sessions: SessionMaker, bargain: Bargain) -> EnforcementAction | None:
    """What the worker does about the product."""
    async with transaction(sessions) as session:
        return await service.follow(session, UUID(bargain.product_id))


async def withdraw(bargain: Bargain) -> None:
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/withdrawal", REASON, status=200)


async def call(
    database: TestDatabase, bargain: Bargain, calls: int, answered: int, *, hours: int = -2
) -> None:
    """Data calls of so many hours later, or ago."""
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute(
            "INSERT INTO call_observations VALUES"
            " ($1, date_trunc('hour', now()) + make_interval(hours => $2), $3, $4, 5)",
            UUID(bargain.product_id),
            hours,
            calls,
            answered,
        )
    finally:
        await owner.close()


async def age_steps(database: TestDatabase, bargain: Bargain) -> None:
    """Let the steps of the procedures be of yesterday, so that the calls of today came after."""
    owner = await asyncpg.connect(database.owner_url)
    try:
        async with owner.transaction():
            await owner.execute("ALTER TABLE enforcement_steps DISABLE TRIGGER USER")
            await owner.execute(
                "UPDATE enforcement_steps SET taken_at = taken_at - interval '1 day' WHERE procedure_id IN"
                " (SELECT id FROM enforcement_procedures WHERE product_id = $1)",
                UUID(bargain.product_id),
            )
            await owner.execute("ALTER TABLE enforcement_steps ENABLE TRIGGER USER")
    finally:
        await owner.close()


async def let_pass(database: TestDatabase, bargain: Bargain) -> None:
    """Let the deadline of the open procedure pass: nobody waits for working days."""
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute(
            "UPDATE enforcement_procedures SET due_at = now() WHERE product_id = $1 AND ended_at IS NULL",
            UUID(bargain.product_id),
        )
    finally:
        await owner.close()


async def require_withdrawn(database: TestDatabase, bargain: Bargain) -> None:
    """The database publishes the product again for nobody."""
    service_role = await asyncpg.connect(database.service_url)
    try:
        with pytest.raises(asyncpg.RestrictViolationError, match="was not delisted"):
            await service_role.execute(
                "UPDATE data_products SET status = 'published' WHERE id = $1", UUID(bargain.product_id)
            )
    finally:
        await service_role.close()


async def shown(bargain: Bargain) -> list[dict[str, Any]]:
    found = await bargain.operator.get(f"/v1/products/{bargain.product_id}/enforcement")
    return list(found["items"])


async def told(sessions: SessionMaker, bargain: Bargain) -> list[str]:
    async with transaction(sessions) as session:
        statement = sa.text(
            "SELECT kind FROM events WHERE subject_id = :id AND payload ? 'procedure_id' ORDER BY sequence"
        ).bindparams(id=UUID(bargain.product_id))
        return [str(kind).removeprefix("product.") for kind in (await session.execute(statement)).scalars()]


async def test_failure_after_failure_leads_off_the_market_and_data_that_passes_leads_back(
    bargain: Bargain,
    officer: httpx.AsyncClient,
    client: httpx.AsyncClient,
    sessions: SessionMaker,
    database: TestDatabase,
) -> None:
    _, token = await bargain.licensed()
    for number in range(3):
        assert await follow(sessions, bargain) is None
        await revise(bargain, number, passed=False)
    # Two workers at once take one step together.
    taken = await asyncio.gather(*(follow(sessions, bargain) for _ in range(3)))
    assert sorted(filter(None, taken)) == [EnforcementAction.WARN]
    (opened,) = await shown(bargain)
    assert (opened["ground"], opened["status"], opened["detail"]["failed_in_a_row"]) == (
        "failed_revisions",
        "warned",
        3,
    )
    assert opened["due_at"][:10] in opened["to_do"]
    procedure = f"/v1/enforcement-procedures/{opened['id']}"
    listed = (await officer.get("/v1/enforcement-procedures", params={"limit": 200})).json()["items"]
    assert opened["id"] in {one["id"] for one in listed}

    # More time is left by a person of a regulator alone, and not less than there was.
    later = datetime.fromisoformat(opened["due_at"]) + timedelta(days=1)
    body = REASON | {"due_at": later.isoformat()}
    await bargain.operator.post(f"{procedure}/extension", body, status=403)
    await bargain.regulator.post(f"{procedure}/extension", body, status=403)
    assert (await officer.post(f"{procedure}/extension", json=body)).status_code == 200
    assert (await officer.post(f"{procedure}/extension", json=body)).status_code == 422

    await let_pass(database, bargain)
    assert await follow(sessions, bargain) is EnforcementAction.SET_CURE_PERIOD
    assert await follow(sessions, bargain) is None
    assert (await bargain.read(token)).status_code == 200
    await let_pass(database, bargain)
    assert await follow(sessions, bargain) is EnforcementAction.SUSPEND
    stopped = await bargain.read(token)
    assert (stopped.status_code, "failed their quality checks" in stopped.json()["detail"]) == (403, True)
    assert (await client.get(f"/v1/catalogue/{bargain.product_id}")).status_code == 404
    # Neither the operator nor a regulator lifts it by hand: it ends with its cause, or with the procedure.
    await bargain.regulator.post(f"/v1/products/{bargain.product_id}/reinstatement", REASON, status=409)
    await let_pass(database, bargain)
    assert await follow(sessions, bargain) is EnforcementAction.DELIST
    assert await follow(sessions, bargain) is None
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    assert product["status"] == "withdrawn"
    await require_withdrawn(database, bargain)

    asked = await bargain.operator.post(f"{procedure}/relisting-request", REASON, status=200)
    assert (asked["status"], asked["steps"][-1]["action"]) == ("delisted", "relisting_request")
    relisted = await officer.post(f"{procedure}/relisting", json=REASON)
    assert (relisted.status_code, relisted.json()["status"]) == (200, "suspended")
    assert (await bargain.read(token)).status_code == 403
    await revise(bargain, 10, passed=True)
    assert await follow(sessions, bargain) is EnforcementAction.CURE
    assert (await bargain.read(token)).status_code == 200
    assert (await client.get(f"/v1/catalogue/{bargain.product_id}")).status_code == 200
    (ended,) = await shown(bargain)
    assert (ended["status"], ended["due_at"], ended["to_do"]) == (
        "cured",
        None,
        "Nothing is left to be done.",
    )
    steps = [
        "warning",
        "extension",
        "cure_order",
        "suspension",
        "delisting",
        "relisting_request",
        "relisting",
    ]
    assert [step["action"] for step in ended["steps"]] == [*steps, "cure"]
    assert await told(sessions, bargain) == [
        *("warned", "enforcement_extended", "cure_ordered", "enforcement_suspended", "delisted"),
        *("relisting_requested", "relisted", "cured"),
    ]
    assert await follow(sessions, bargain) is None
    await withdraw(bargain)
    await require_withdrawn(database, bargain)


async def test_a_regulator_ends_a_procedure_and_what_was_before_is_not_counted_again(
    bargain: Bargain, officer: httpx.AsyncClient, sessions: SessionMaker, database: TestDatabase
) -> None:
    _, token = await bargain.licensed()
    for number in range(3):
        await revise(bargain, number, passed=False)
    await follow(sessions, bargain)
    for _ in range(3):
        await let_pass(database, bargain)
        await follow(sessions, bargain)
    (row,) = await shown(bargain)
    assert row["status"] == "delisted"
    ended = await officer.post(f"/v1/enforcement-procedures/{row['id']}/termination", json=REASON)
    assert (ended.status_code, ended.json()["status"]) == (200, "terminated")
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    assert product["status"] == "published"
    assert (await bargain.read(token)).status_code == 200
    assert await follow(sessions, bargain) is None
    again = await officer.post(f"/v1/enforcement-procedures/{row['id']}/termination", json=REASON)
    assert (again.status_code, again.json()["type"]) == (409, "urn:data-market:problem:enforcement-state")
    await bargain.buyer.get(f"/v1/products/{bargain.product_id}/enforcement", status=404)
    for number in range(20, 22):
        await revise(bargain, number, passed=False)
    assert await follow(sessions, bargain) is None
    await revise(bargain, 22, passed=False)
    assert await follow(sessions, bargain) is EnforcementAction.WARN
    await revise(bargain, 23, passed=True)
    assert await follow(sessions, bargain) is EnforcementAction.CURE
    assert datetime.fromisoformat((await shown(bargain))[0]["ended_at"]) <= datetime.now(UTC)


async def test_calls_that_failed_are_judged_by_calls_and_not_by_silence(
    bargain: Bargain, officer: httpx.AsyncClient, sessions: SessionMaker, database: TestDatabase
) -> None:
    _, token = await bargain.licensed()
    await call(database, bargain, 200, 20, hours=-40)
    assert await follow(sessions, bargain) is EnforcementAction.WARN
    await let_pass(database, bargain)
    assert await follow(sessions, bargain) is None, "nobody called meanwhile"
    await age_steps(database, bargain)
    await call(database, bargain, 100, 60)
    assert await follow(sessions, bargain) is EnforcementAction.SET_CURE_PERIOD
    await let_pass(database, bargain)
    await age_steps(database, bargain)
    assert await follow(sessions, bargain) is EnforcementAction.SUSPEND
    assert (await bargain.read(token)).status_code == 403
    # Weeks without a call, since none can be made, bring nobody back to the market.
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("DELETE FROM call_observations WHERE product_id = $1", UUID(bargain.product_id))
    await owner.close()
    assert await follow(sessions, bargain) is None
    (row,) = await shown(bargain)
    assert "relisting-request" in row["to_do"]
    assert row["due_at"][:10] in row["to_do"]
    procedure = f"/v1/enforcement-procedures/{row['id']}"
    await bargain.operator.post(f"{procedure}/relisting-request", REASON, status=200)
    assert (await officer.post(f"{procedure}/termination", json=REASON)).status_code == 200
    assert (await bargain.read(token)).status_code == 200
    assert await follow(sessions, bargain) is None


async def test_a_procedure_ends_when_its_product_is_withdrawn(
    bargain: Bargain, app: Litestar, sessions: SessionMaker
) -> None:
    for number in range(3):
        await revise(bargain, number, passed=False)
    assert await follow(sessions, bargain) is EnforcementAction.WARN
    await withdraw(bargain)
    (subscriber,) = events.SUBSCRIBERS
    async with transaction(sessions) as session:
        withdrawn = sa.select(EventRow).where(
            col(EventRow.subject_id) == UUID(bargain.product_id), col(EventRow.kind).in_(subscriber.kinds)
        )
        row = (await session.execute(withdrawn)).scalars().one()
        event = Event(**row.model_dump() | {"kind": EventKind(row.kind)})
        for _ in range(2):
            await subscriber.handler(job_context(app, sessions), session, event)
    (ended,) = await shown(bargain)
    assert (ended["status"], ended["steps"][-1]["action"]) == ("terminated", "termination")
    assert "withdrawn" in ended["steps"][-1]["reason"]
    assert await told(sessions, bargain) == ["warned", "enforcement_terminated"]


async def test_withdrawing_a_suspended_product_lifts_nothing_and_a_regulator_may(
    bargain: Bargain, officer: httpx.AsyncClient, sessions: SessionMaker, database: TestDatabase
) -> None:
    _, token = await bargain.licensed()
    for number in range(3):
        await revise(bargain, number, passed=False)
    await follow(sessions, bargain)
    for _ in range(2):
        await let_pass(database, bargain)
        await follow(sessions, bargain)
    (row,) = await shown(bargain)
    procedure = f"/v1/enforcement-procedures/{row['id']}"
    # While data leads back, nobody has to be asked.
    await bargain.operator.post(f"{procedure}/relisting-request", REASON, status=409)
    await withdraw(bargain)
    assert await follow(sessions, bargain) is EnforcementAction.HOLD
    assert await follow(sessions, bargain) is None
    (held,) = await shown(bargain)
    assert (held["status"], held["due_at"]) == ("suspended", None)
    assert "withdrawn" in held["to_do"]
    assert (await bargain.read(token)).status_code == 403
    await bargain.operator.post(f"{procedure}/relisting-request", REASON, status=200)
    later = REASON | {"due_at": (datetime.now(UTC) + timedelta(days=9)).isoformat()}
    assert (await officer.post(f"{procedure}/extension", json=later)).status_code == 409
    ended = await officer.post(f"{procedure}/termination", json=REASON)
    assert (ended.status_code, ended.json()["status"]) == (200, "terminated")
    assert (await bargain.read(token)).status_code == 200
    await require_withdrawn(database, bargain)


async def test_a_worker_that_dies_before_its_commit_has_taken_no_step(
    bargain: Bargain, sessions: SessionMaker, database: TestDatabase
) -> None:
    for number in range(3):
        await revise(bargain, number, passed=False)
    steps = [
        EnforcementAction.WARN,
        EnforcementAction.SET_CURE_PERIOD,
        EnforcementAction.SUSPEND,
        EnforcementAction.DELIST,
    ]
    for step in steps:
        before = await told(sessions, bargain)
        async with sessions() as killed:
            assert await service.follow(killed, UUID(bargain.product_id)) is step
        assert await told(sessions, bargain) == before
        taken = await asyncio.gather(*(follow(sessions, bargain) for _ in range(3)))
        assert sorted(filter(None, taken)) == [step]
        await let_pass(database, bargain)
    assert await told(sessions, bargain) == ["warned", "cure_ordered", "enforcement_suspended", "delisted"]
    async with transaction(sessions) as session:
        placed = await session.execute(
            sa.text(
                "SELECT count(*) FROM stops WHERE subject_id = :id AND subject_kind = 'product_enforcement'"
            ),
            {"id": UUID(bargain.product_id)},
        )
        assert placed.scalar_one() == 1
