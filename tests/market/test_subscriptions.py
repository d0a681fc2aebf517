"""Who publishes what, who hears it, and what a trade tells those it concerns."""

import importlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from infra.db import SessionMaker
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.settings import Settings
from market.subscriptions import SUBSCRIBERS
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.events import delivering, until
from tests.support.products import settle_quality, upload

ROOT = Path(__file__).parents[2]
FLOORS = ("contracts", "infra", "listings", "market", "pricing", "quality")
REASON = {"reason": "as decided"}


@pytest.fixture
async def worker(database: TestDatabase, settings: Settings, sessions: SessionMaker) -> AsyncIterator[None]:
    """A worker that delivers events to everybody who hears them."""
    async with delivering(database, settings, sessions, SUBSCRIBERS):
        yield


def test_every_kind_is_published_somewhere() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
        if path.name not in ("kinds.py", "events.py") and path.parent.name != "webhooks"
    ]
    unpublished = [
        kind for kind in EventKind if not any(f"EventKind.{kind.name}" in text for text in sources)
    ]
    assert unpublished == []


def test_every_subscriber_is_wired_under_a_name_of_its_own() -> None:
    written: list[Subscriber] = []
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("events.py"):
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            written += getattr(module, "SUBSCRIBERS", ())
    assert written
    assert {subscriber.name for subscriber in written} <= {subscriber.name for subscriber in SUBSCRIBERS}
    assert len({subscriber.name for subscriber in SUBSCRIBERS}) == len(SUBSCRIBERS)


async def told(sessions: SessionMaker, subject_id: Any) -> list[str]:
    """Kinds of the events about something, in their order."""
    return [row.kind for row in await events(sessions, subject_id)]


async def events(sessions: SessionMaker, subject_id: Any) -> list[Any]:
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT * FROM events WHERE subject_id = :id ORDER BY sequence"),
            {"id": UUID(str(subject_id))},
        )
        return list(rows)


def heard(sessions: SessionMaker, subject_id: Any, *kinds: str) -> Callable[[], Any]:
    async def check() -> bool:
        return await told(sessions, subject_id) == list(kinds)

    return check


@pytest.mark.usefixtures("worker")
async def test_a_trade_tells_its_parties_and_its_licence_tells_that_it_stopped(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    parties = {bargain.buyer.organisation_id, bargain.operator.organisation_id, bargain.owner.organisation_id}
    agreement = await bargain.sign(await bargain.order())
    assert await told(sessions, agreement["id"]) == [
        "agreement.requested",
        "agreement.signed",
        "agreement.signed",
        "agreement.finalized",
    ]
    for event in await events(sessions, agreement["id"]):
        assert set(event.organisations) == parties
    licence_id = agreement["licence_id"]
    assert await told(sessions, licence_id) == ["licence.issued"]

    review = f"/v1/contract-reviews/{agreement['id']}"
    await bargain.regulator.post(f"{review}/suspension", REASON)
    await until(heard(sessions, licence_id, "licence.issued", "licence.stopped"))
    await bargain.regulator.post(f"{review}/reinstatement", REASON)
    assert (await told(sessions, agreement["id"]))[4:] == ["agreement.suspended", "agreement.reinstated"]
    await until(heard(sessions, licence_id, "licence.issued", "licence.stopped", "licence.resumed"))
    assert (await events(sessions, licence_id))[-1].payload["cause"] == "agreement.reinstated"

    # A stop further up reaches the licence too.
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/suspension", REASON, status=200)
    stopped_again = ("licence.issued", "licence.stopped", "licence.resumed", "licence.stopped")
    await until(heard(sessions, licence_id, *stopped_again))
    last = (await events(sessions, licence_id))[-1]
    assert last.payload["cause"] == "product.suspended"
    assert set(last.organisations) == parties
    # What is mended while something else stops the licence resumes nothing.
    await bargain.regulator.post(f"/v1/licences/{licence_id}/suspension", REASON, status=200)
    await until(heard(sessions, licence_id, *stopped_again, "licence.suspended", "licence.stopped"))
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/reinstatement", REASON, status=200)
    await until(
        lambda: all_handled(sessions, bargain.product_id)
    )  # what is told depends on what stops it by then
    await bargain.regulator.post(f"/v1/licences/{licence_id}/reinstatement", REASON, status=200)
    both = ("licence.suspended", "licence.stopped", "licence.reinstated", "licence.resumed")
    await until(heard(sessions, licence_id, *stopped_again, *both))
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/withdrawal", REASON, status=200)
    assert await told(sessions, bargain.product_id) == [
        "product.published",
        "product.suspended",
        "product.reinstated",
        "product.withdrawn",
    ]
    await bargain.operator.post(f"/v1/agreements/{agreement['id']}/termination", REASON)
    assert (await told(sessions, agreement["id"]))[6:] == ["agreement.terminated"]


@pytest.mark.usefixtures("worker")
async def test_a_revision_that_passes_is_published_and_one_that_fails_is_not(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    async def measured(passed: bool) -> str:
        data = f"station,time,pm25,phone\nS{passed},2026-01-01T00:00:00Z,1.5,1380000\n".encode()
        revision = await upload(bargain.operator, bargain.product_id, data)
        await settle_quality(bargain.operator, revision["id"], passed=passed)
        return str(revision["id"])

    bad, good = await measured(False), await measured(True)
    await until(heard(sessions, good, "revision.measured", "revision.published"))
    published = (await events(sessions, good))[-1]
    assert published.payload == {"product_id": bargain.product_id, "number": 3}
    assert set(published.organisations) == {bargain.operator.organisation_id, bargain.owner.organisation_id}
    await until(lambda: handled(sessions, bad, "listings.revisions"))
    assert await told(sessions, bad) == ["revision.measured"]


async def handled(sessions: SessionMaker, subject_id: Any, subscriber: str) -> bool:
    async with sessions() as session:
        status = await session.scalar(
            sa.text(
                "SELECT status FROM event_deliveries WHERE subject_id = :id AND subscriber = :subscriber"
            ),
            {"id": UUID(str(subject_id)), "subscriber": subscriber},
        )
    return bool(status == "delivered")


async def all_handled(sessions: SessionMaker, subject_id: Any) -> bool:
    async with sessions() as session:
        waiting = await session.scalar(
            sa.text(
                "SELECT (SELECT count(*) FROM event_outbox o JOIN events e ON e.id = o.event_id"
                "         WHERE e.subject_id = :id)"
                " + (SELECT count(*) FROM event_deliveries WHERE subject_id = :id AND status = 'pending')"
            ),
            {"id": UUID(str(subject_id))},
        )
    return bool(waiting == 0)


async def test_an_authorisation_tells_every_side(bargain: Bargain, sessions: SessionMaker) -> None:
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    path = f"/v1/authorisations/{product['authorisation_id']}"
    await bargain.owner.post(f"{path}/suspension", REASON, status=200)
    await bargain.owner.post(f"{path}/revocation", REASON, status=200)
    found = await events(sessions, product["authorisation_id"])
    assert [event.kind.partition(".")[2] for event in found] == [
        *("offered", "signed", "signed", "activated"),
        *("suspended", "revoked"),
    ]
    body = bargain.operator.authorising_body
    assert body is not None
    sides = {bargain.owner.organisation_id, body.organisation_id, bargain.operator.organisation_id}
    assert all(set(event.organisations) == sides for event in found)
