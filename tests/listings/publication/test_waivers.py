"""Waivers over HTTP: what failed counts as passed for a time, by a person of another side, and not a moment longer."""

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
from sqlmodel import col, select

from infra.auth import SYSTEM, Role
from infra.db import SessionMaker, now, transaction
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.tables import EventRow
from listings.publication import waivers
from listings.publication.events import replaced
from listings.publication.jobs import tell_expired
from quality.runs import repository
from quality.runs import service as quality
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import Party
from tests.support.people import make_person, sign_in
from tests.support.products import CSV, complete, settle_quality, upload

WORSE = CSV + b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n"
WHY = "The station was moved; the next revision mends it"


def body(days: float = 30, **changes: Any) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(days=days)
    return {"reason": WHY, "expires_at": until.isoformat()} | changes


@pytest.fixture
async def officer(
    app: Litestar, sessions: SessionMaker, regulator: Party
) -> AsyncIterator[httpx.AsyncClient]:
    """A person of the regulator, signed in."""
    person = await make_person(sessions, regulator.organisation_id, [Role.REGULATOR_OFFICER])
    signed_in = await sign_in(app, person.email)
    yield signed_in
    await signed_in.aclose()


async def failed(bargain: Bargain) -> str:
    """Id of a newer revision that failed its check."""
    revision = await upload(bargain.operator, bargain.product_id, WORSE)
    await settle_quality(bargain.operator, revision["id"], passed=False)
    return str(revision["id"])


async def expire(database: TestDatabase, waiver_id: str) -> None:
    """Let a waiver end now: nobody waits for a day."""
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute(
            "UPDATE quality_waivers SET granted_at = now() - interval '2 days',"
            " expires_at = clock_timestamp() WHERE id = $1",
            UUID(waiver_id),
        )
    finally:
        await owner.close()


async def served(bargain: Bargain, token: str) -> str:
    """The revision that a data call reads."""
    answer = await bargain.read(token)
    assert answer.status_code == 200, answer.text
    return answer.headers["Data-Revision"]


async def told(sessions: SessionMaker, revision_id: str) -> list[str]:
    async with transaction(sessions) as session:
        statement = sa.text(
            "SELECT kind || coalesce(':' || (payload->>'how'), '') FROM events"
            " WHERE subject_id = :id AND kind LIKE 'revision.waive%' ORDER BY sequence"
        ).bindparams(id=UUID(revision_id))
        return list((await session.execute(statement)).scalars())


async def grade(client: httpx.AsyncClient, bargain: Bargain) -> str:
    """The grade that the catalogue's search shows of the product."""
    answer = await client.get("/v1/catalogue", params={"operator": str(bargain.operator.organisation_id)})
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    return str(item["grade"])


async def test_a_failed_revision_serves_while_it_is_waived_and_no_longer(
    bargain: Bargain,
    officer: httpx.AsyncClient,
    client: httpx.AsyncClient,
    app: Litestar,
    sessions: SessionMaker,
    database: TestDatabase,
) -> None:
    _, token = await bargain.licensed()
    good = await served(bargain, token)
    bad = await failed(bargain)
    assert await served(bargain, token) == good
    usual = await grade(client, bargain)

    asked = await bargain.operator.post(
        f"/v1/revisions/{bad}/quality-waiver-requests", {"justification": WHY}
    )
    waiting = (await officer.get("/v1/quality-waiver-requests", params={"limit": 200})).json()["items"]
    assert asked["id"] in {one["id"] for one in waiting}
    answer = await officer.post(f"/v1/revisions/{bad}/quality-waivers", json=body())
    assert answer.status_code == 201, answer.text
    waiver = answer.json()
    assert waiver["status"] == "in_force"
    assert (await bargain.operator.get(f"/v1/revisions/{bad}"))["quality"] == "passed"
    assert await served(bargain, token) == bad
    assert await grade(client, bargain) == "E" != usual
    page = (await client.get(f"/v1/catalogue/{bargain.product_id}")).json()
    assert page["revision"]["id"] == bad
    listed = await bargain.operator.get(f"/v1/revisions/{bad}/quality-waivers")
    assert listed["requests"][0] | {"decided_at": None} == asked | {
        "status": "granted",
        "waiver_id": waiver["id"],
        "decided_by": waiver["granted_by"],
        "decided_at": None,
        "decision_reason": WHY,
    }

    await expire(database, waiver["id"])
    # The end needs no job; what processes remember for a second at most is looked up anew when they are told.
    assert (await bargain.operator.get(f"/v1/revisions/{bad}"))["quality"] == "failed"
    assert await grade(client, bargain) == usual
    for _ in range(2):
        await tell_expired(job_context(app, sessions), {})
    assert await told(sessions, bad) == [
        "revision.waiver_requested",
        "revision.waived",
        "revision.waiver_ended:expired",
    ]
    # And another waiver can follow; it is revoked before its time.
    again = (await officer.post(f"/v1/revisions/{bad}/quality-waivers", json=body())).json()
    revoked = await officer.post(
        f"/v1/quality-waivers/{again['id']}/revocation", json={"reason": "It was not mended"}
    )
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert (await bargain.operator.get(f"/v1/revisions/{bad}"))["quality"] == "failed"
    twice = await officer.post(f"/v1/quality-waivers/{again['id']}/revocation", json={"reason": "Again"})
    assert twice.status_code == 409
    await tell_expired(job_context(app, sessions), {})
    assert (await told(sessions, bad))[3:] == ["revision.waived", "revision.waiver_ended:revoked"]


async def test_a_waiver_takes_a_person_of_the_other_side_and_what_has_failed(
    bargain: Bargain, officer: httpx.AsyncClient, app: Litestar, sessions: SessionMaker
) -> None:
    good = (await bargain.operator.get(f"/v1/products/{bargain.product_id}/revisions"))["items"][0]["id"]
    bad = await failed(bargain)
    path = f"/v1/revisions/{bad}/quality-waivers"
    program = await bargain.regulator.post(path, body(), status=403)
    assert program["type"].endswith("another-officer"), program
    await bargain.operator.post(path, body(), status=403)
    await bargain.buyer.post(
        f"/v1/revisions/{bad}/quality-waiver-requests", {"justification": WHY}, status=403
    )
    passed = await officer.post(f"/v1/revisions/{good}/quality-waivers", json=body())
    assert (passed.status_code, passed.json()["type"].rsplit(":", 1)[-1]) == (409, "quality-waiver-state")
    for days in (-1, 91):
        long = await officer.post(path, json=body(days))
        assert (long.status_code, "90 days" in long.json()["detail"]) == (422, True), long.text
    other = await officer.post(path, json=body(checks=["not_null:nothing"]))
    assert (other.status_code, other.json()["checks"]) == (422, ["not_null:nothing"])
    report = await bargain.operator.get(f"/v1/revisions/{bad}/quality-report")
    warning = [one["name"] for one in report["checks"] if one["severity"] == "warning"]
    few = await officer.post(path, json=body(checks=warning[:1]))
    assert (few.status_code, "grade" in few.json()["detail"]) == (422, True), few.text
    asked = await bargain.owner.post(f"/v1/revisions/{bad}/quality-waiver-requests", {"justification": WHY})
    await bargain.operator.post(
        f"/v1/revisions/{bad}/quality-waiver-requests", {"justification": WHY}, status=409
    )
    declined = await officer.post(
        f"/v1/quality-waiver-requests/{asked['id']}/refusal", json={"reason": "Mend it"}
    )
    assert (declined.status_code, declined.json()["status"]) == (200, "declined")
    granted = await officer.post(path, json=body())
    assert granted.status_code == 201, granted.text
    assert (await officer.post(path, json=body())).status_code == 409


async def test_a_product_whose_only_revision_is_waived_can_be_published(
    owner: Party, operator: Party, regulator: Party, officer: httpx.AsyncClient
) -> None:
    product_id = await complete(owner, operator)
    revision = await upload(operator, product_id, WORSE)
    await settle_quality(operator, revision["id"], passed=False)
    submission = f"/v1/products/{product_id}/submission"
    refused = await operator.post(submission, status=409)
    assert [gap["code"] for gap in refused["missing"]] == ["quality_report"]
    # A regulator sees a product from its submission on, or once a party has asked for a waiver.
    await regulator.get(f"/v1/revisions/{revision['id']}/quality-report", status=404)
    asked = await operator.post(
        f"/v1/revisions/{revision['id']}/quality-waiver-requests", {"justification": WHY}
    )
    assert asked["status"] == "waiting"
    answer = await officer.post(f"/v1/revisions/{revision['id']}/quality-waivers", json=body())
    assert answer.status_code == 201, answer.text
    await operator.post(submission, status=200)
    await regulator.post(f"/v1/products/{product_id}/approval", {}, status=200)


async def test_a_request_ends_when_another_report_replaces_its_own(
    bargain: Bargain, officer: httpx.AsyncClient, app: Litestar, sessions: SessionMaker
) -> None:
    bad = await failed(bargain)
    asked = await bargain.operator.post(
        f"/v1/revisions/{bad}/quality-waiver-requests", {"justification": WHY}
    )
    async with transaction(sessions) as session:
        run = await repository.lock_latest_run(session, UUID(bad))
        assert run is not None
        await quality.add_further_run(session, run, SYSTEM, "for a test", await now(session))
    await settle_quality(bargain.operator, bad)
    context = job_context(app, sessions)

    async def hear() -> None:
        """What the worker does with the news of the check, as often as they are delivered."""
        async with transaction(sessions) as session:
            measured = col(EventRow.kind) == EventKind.REVISION_MEASURED
            rows = select(EventRow).where(col(EventRow.subject_id) == UUID(bad), measured)
            for row in (await session.exec(rows)).all():
                await replaced(context, session, Event(**row.model_dump() | {"kind": EventKind(row.kind)}))

    await asyncio.gather(hear(), hear())
    (request,) = (await bargain.operator.get(f"/v1/revisions/{bad}/quality-waivers"))["requests"]
    assert (request["id"], request["status"]) == (asked["id"], "superseded")
    assert "取代" in request["decision_reason"]
    assert await told(sessions, bad) == [
        "revision.waiver_requested",
        "revision.waiver_request_superseded",
    ]
    waiting = (await officer.get("/v1/quality-waiver-requests", params={"limit": 200})).json()["items"]
    assert asked["id"] not in {one["id"] for one in waiting}
    late = await officer.post(
        f"/v1/quality-waiver-requests/{asked['id']}/refusal", json={"reason": "Mend it"}
    )
    assert late.status_code == 409


async def test_two_workers_tell_the_end_of_a_waiver_once(
    bargain: Bargain,
    officer: httpx.AsyncClient,
    app: Litestar,
    sessions: SessionMaker,
    database: TestDatabase,
) -> None:
    bad = await failed(bargain)
    waiver = (await officer.post(f"/v1/revisions/{bad}/quality-waivers", json=body())).json()
    await expire(database, waiver["id"])
    # A worker that dies before its commit has told nobody.
    async with sessions() as killed:
        assert await waivers.tell_expired(killed, UUID(waiver["id"]))
    assert await told(sessions, bad) == ["revision.waived"]
    await asyncio.gather(*(tell_expired(job_context(app, sessions), {}) for _ in range(3)))
    assert await told(sessions, bad) == ["revision.waived", "revision.waiver_ended:expired"]
