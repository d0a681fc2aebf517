"""A registration is a link of the chain: its end is felt at its instant by whatever rests on the resource."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlmodel import col, select

from contracts.licences import events as licences
from infra.db import SessionMaker, transaction
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.tables import EventRow
from listings.registrations import jobs
from market.subscriptions import SUBSCRIBERS
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.products import product_body
from tests.support.registrations import REASON, Office


@pytest.fixture
async def sold(bargain: Bargain, officer: Party, database: TestDatabase) -> tuple[Bargain, Office, str]:
    """A product that is licensed, the registration office of its resource, and a token of the licence."""
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    _, token = await bargain.licensed()
    return bargain, Office(bargain.owner, officer, product["resource_id"], database.owner_url), token


async def tell(app: Litestar, sessions: SessionMaker, resource_id: str) -> list[str]:
    """Let the worker look at the clock, and hand what it said of a resource to the licences; answers what it said."""
    context = job_context(app, sessions)
    async with transaction(sessions) as session:
        before = await _events(session, resource_id)
    await jobs.follow_the_clock(context, {})
    async with transaction(sessions) as session:
        said = (await _events(session, resource_id))[len(before) :]
        for event in said:
            for subscriber in licences.SUBSCRIBERS:
                if event.kind in subscriber.kinds:
                    await subscriber.handler(context, session, event)
    return [event.kind.value for event in said]


async def _events(session: Any, subject_id: str) -> list[Event]:
    statement = select(EventRow).where(col(EventRow.subject_id) == UUID(subject_id))
    rows = (await session.exec(statement.order_by(col(EventRow.sequence)))).all()
    return [Event(**row.model_dump() | {"kind": EventKind(row.kind)}) for row in rows]


async def kinds_of(sessions: SessionMaker, licence_id: str) -> list[str]:
    async with transaction(sessions) as session:
        return [event.kind.value for event in await _events(session, licence_id)]


async def test_a_licence_stops_at_the_instant_at_which_the_registration_ends(
    sold: tuple[Bargain, Office, str],
    app: Litestar,
    sessions: SessionMaker,
    operator: Party,
    client: httpx.AsyncClient,
) -> None:
    bargain, office, token = sold
    registration = await office.registration()
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    assert (await bargain.read(token)).status_code == 200
    assert "registration.reminded" not in await tell(app, sessions, office.resource_id)
    # The reminder comes before the end, once.
    await office.end_validity(timedelta(days=30))
    assert await tell(app, sessions, office.resource_id) == ["registration.reminded"]
    assert await tell(app, sessions, office.resource_id) == []
    ends = await office.end_validity(timedelta(seconds=1.2))
    while (answer := await bargain.read(token)).status_code == 200:
        admitted_at = datetime.now(UTC)
        await asyncio.sleep(0.02)
    assert (
        admitted_at - timedelta(milliseconds=50) < ends <= datetime.now(UTC) < ends + timedelta(seconds=0.5)
    )
    # No job ran, no row was written: the stop was placed when it was registered.
    assert (answer.status_code, slug(answer.json())) == (403, "licence-stopped")
    assert "No registration of the data resource is in force" in answer.json()["detail"]
    assert "owner of the data" in answer.json()["remedy"]
    assert (await office.registration())["status"] == "expired"
    found = (await client.get(f"/v1/registrations/{registration['code']}")).json()
    assert found["status"] == "expired"
    # Nothing new is built on it either.
    ordered = await bargain.buyer.post("/v1/agreements", bargain.order_body(), status=409)
    assert slug(ordered) == "resource-not-registered"
    body = product_body(product["authorisation_id"], product["resource_id"])
    assert slug(await bargain.operator.post("/v1/products", body, status=409)) == "resource-not-registered"
    # The worker tells, once, within its minute.
    licence_id = (await bargain.buyer.get("/v1/licences"))["items"][0]["id"]
    assert await tell(app, sessions, office.resource_id) == ["registration.expired"]
    assert await tell(app, sessions, office.resource_id) == []
    assert (await kinds_of(sessions, licence_id))[-1] == "licence.stopped"
    licence = await bargain.buyer.get(f"/v1/licences/{licence_id}")
    assert licence["live"] is False
    # A renewal brings it all back, and says so.
    await office.registered("renewal")
    assert (await bargain.read(token)).status_code == 200
    renewed = await office.registration()
    assert (renewed["status"], renewed["code"]) == ("in_force", registration["code"])
    assert datetime.fromisoformat(renewed["valid_until"]) > datetime.now(UTC) + timedelta(days=3 * 365)


async def test_a_renewal_in_time_adds_to_what_is_left_and_nobody_notices(
    sold: tuple[Bargain, Office, str],
) -> None:
    bargain, office, token = sold
    ends = await office.end_validity(timedelta(seconds=1.5))
    await office.registered("renewal")
    until = datetime.fromisoformat((await office.registration())["valid_until"])
    assert (until.year, until.month, until.second) == (ends.year + 3, ends.month, ends.second)
    await asyncio.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 0.05)
    assert (await bargain.read(token)).status_code == 200


async def test_a_cancellation_is_confirmed_with_what_it_stops(
    sold: tuple[Bargain, Office, str], app: Litestar, sessions: SessionMaker, client: httpx.AsyncClient
) -> None:
    bargain, office, token = sold
    path = f"/v1/resources/{office.resource_id}/cancellation"
    preview = await office.owner.get(path)
    assert [one["id"] for one in preview["products"]] == [bargain.product_id]
    assert (len(preview["authorisations"]), len(preview["licences"])) == (1, 1)
    # Another buyer comes between: what was confirmed is not what is stopped.
    await bargain.licensed()
    body = {"confirmed_digest": preview["digest"], **REASON}
    stale = await office.owner.post(path, body, status=409)
    assert slug(stale) == "registration-consequences-changed"
    body["confirmed_digest"] = (await office.owner.get(path))["digest"]
    application = await office.owner.post(path, body)
    assert (await bargain.read(token)).status_code == 200
    done = await office.approved(application)
    refused = await bargain.read(token)
    assert (refused.status_code, "cancelled" in refused.json()["detail"]) == (403, True)
    code = done["registration_code"]
    assert (await client.get(f"/v1/registrations/{code}")).json()["status"] == "cancelled"
    assert (await office.registration())["status"] == "cancelled"
    # The way back: it is registered again, under another code, and what there was goes on.
    again = await office.registered("initial")
    assert again["registration_code"] != code
    assert (await bargain.read(token)).status_code == 200
    assert (await client.get(f"/v1/registrations/{code}")).json()["status"] == "cancelled"


async def test_a_change_of_what_is_registered_reaches_whoever_rests_on_it(
    sold: tuple[Bargain, Office, str], app: Litestar, sessions: SessionMaker
) -> None:
    bargain, office, token = sold
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    (licence,) = (await bargain.buyer.get("/v1/licences"))["items"]
    changed = {"resource_id": office.resource_id, "code": (await office.registration())["code"]}

    async def told() -> list[tuple[str, list[str]]]:
        """What the parties of the authorisation and of the licence were told last."""
        async with transaction(sessions) as session:
            (registered,) = [
                event
                for event in (await _events(session, office.resource_id))[-2:]
                if event.kind is EventKind.REGISTRATION_COMPLETED
            ]
            for subscriber in SUBSCRIBERS:
                if registered.kind in subscriber.kinds and subscriber.name != "infra.webhooks":
                    await subscriber.handler(job_context(app, sessions), session, registered)
            last = [(await _events(session, key))[-1] for key in (product["authorisation_id"], licence["id"])]
        assert all(changed.items() <= event.payload.items() for event in last)
        assert str(bargain.buyer.organisation_id) in map(str, last[1].organisations)
        return [(event.kind.value, event.payload["changes"]) for event in last]

    # The law on important data asks for an assessment, and core data is never listed: the next call is refused.
    for classification in ("IMPORTANT", "CORE"):
        await office.registered("change", classification=classification)
        assert await told() == [
            ("authorisation.resource_changed", ["classification"]),
            ("licence.resource_changed", ["classification"]),
        ]
        refused = await bargain.read(token)
        assert (refused.status_code, slug(refused.json())) == (403, "licence-stopped")
        assert "classified as important data" in refused.json()["detail"]
    # The way back is another change.
    await office.registered("change", update_frequency="daily")
    assert (await bargain.read(token)).status_code == 200
    assert (await told())[0][1] == ["classification", "update_frequency"]


async def test_suspending_and_registering_do_not_lift_one_another(
    sold: tuple[Bargain, Office, str], regulator: Party
) -> None:
    bargain, office, token = sold
    path = f"/v1/resources/{office.resource_id}"
    await regulator.post(f"{path}/suspension", REASON, status=200)
    await office.end_validity(timedelta(seconds=-1))
    await office.registered("renewal")
    assert (await office.owner.get(path))["stopped"] == [REASON["reason"]]
    assert (await bargain.read(token)).status_code == 403
    await regulator.post(f"{path}/reinstatement", REASON, status=200)
    assert (await bargain.read(token)).status_code == 200
    # What the service placed for the end of the registration nobody lifts by a reinstatement.
    assert slug(await office.owner.post(f"{path}/reinstatement", REASON, status=409)) == "not-stopped"
