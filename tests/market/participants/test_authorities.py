"""The platform and a regulator each suspend and reinstate for themselves; the regulator is the one above."""

from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.identity import service as identity
from market.participants.service import lift_suspension
from tests.support.people import Someone, make_organisation, make_person, sign_in

COMPLAINT = {"reason": "A complaint is looked into"}
ARREARS = {"reason": "Two invoices are unpaid"}
APPEAL = {"text": "The complaint concerned another company of the same name.", "document_sha256": "cd" * 32}


@pytest.fixture
async def home(buyer: Someone) -> str:
    return f"/v1/organisations/{buyer.organisation_id}"


@pytest.fixture
async def other_regulator(app: Litestar, sessions: SessionMaker) -> AsyncIterator[httpx.AsyncClient]:
    organisation_id = await make_organisation(sessions, OrganisationKind.REGULATOR)
    officer = await make_person(sessions, organisation_id, [Role.REGULATOR_OFFICER])
    made = await sign_in(app, officer.email)
    yield made
    await made.aclose()


async def events_of(sessions: SessionMaker, home: str) -> list[str]:
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT kind FROM events WHERE subject_id = :id ORDER BY sequence"),
            {"id": home.rpartition("/")[2]},
        )
        return list(rows.scalars())


async def test_a_regulator_suspends_and_nobody_below_or_beside_it_reinstates(
    regulator: httpx.AsyncClient,
    other_regulator: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    buyers: httpx.AsyncClient,
    home: str,
    sessions: SessionMaker,
) -> None:
    suspended = await regulator.post(f"{home}/suspension", json=COMPLAINT)
    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    for other in (platform, other_regulator):
        refused = await other.post(f"{home}/reinstatement", json=COMPLAINT)
        assert refused.status_code == 409
        assert refused.json()["type"].endswith(":not-stopped")
    appeal = (await buyers.post(f"{home}/appeals", json=APPEAL)).json()
    decision = {"decision": "uphold", "reason": "Another company was meant"}
    for other in (platform, other_regulator):
        for verdict in ("uphold", "dismiss"):
            refused = await other.post(
                f"{home}/appeals/{appeal['id']}/decision", json=decision | {"decision": verdict}
            )
            assert refused.status_code == 403
            assert "regulator" in refused.json()["detail"]
    upheld = await regulator.post(f"{home}/appeals/{appeal['id']}/decision", json=decision)
    assert upheld.json()["status"] == "upheld"
    assert (await buyers.get(home)).json()["status"] == "verified"
    assert await events_of(sessions, home) == ["organisation.suspended", "organisation.reinstated"]


async def test_two_authorities_suspend_and_it_ends_with_the_last(
    regulator: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    buyers: httpx.AsyncClient,
    home: str,
    sessions: SessionMaker,
) -> None:
    assert (await platform.post(f"{home}/suspension", json=ARREARS)).status_code == 200
    both = await regulator.post(f"{home}/suspension", json=COMPLAINT)
    assert (both.status_code, both.json()["status_reason"]) == (200, COMPLAINT["reason"])
    for authority in (platform, regulator):
        assert (await authority.post(f"{home}/suspension", json=ARREARS)).status_code == 409
    appeal = (await buyers.post(f"{home}/appeals", json=APPEAL)).json()
    left = await platform.post(f"{home}/reinstatement", json=ARREARS)
    assert (left.status_code, left.json()["status"]) == (200, "suspended")
    assert left.json()["status_reason"] == COMPLAINT["reason"]
    assert (await buyers.get(f"{home}/appeals")).json()["items"][0]["status"] == "open"
    ended = await regulator.post(f"{home}/reinstatement", json=COMPLAINT)
    assert ended.json()["status"] == "verified"
    assert (await buyers.get(f"{home}/appeals")).json()["items"][0]["id"] == appeal["id"]
    assert (await buyers.get(f"{home}/appeals")).json()["items"][0]["status"] == "upheld"
    assert await events_of(sessions, home) == [
        "organisation.suspended",
        "organisation.suspended",
        "organisation.reinstated",
    ]


async def test_the_regulator_lifts_what_the_platform_placed(
    regulator: httpx.AsyncClient, platform: httpx.AsyncClient, home: str
) -> None:
    await platform.post(f"{home}/suspension", json=ARREARS)
    await regulator.post(f"{home}/suspension", json=COMPLAINT)
    assert (await regulator.post(f"{home}/reinstatement", json=COMPLAINT)).json()["status"] == "verified"
    assert (await platform.post(f"{home}/reinstatement", json=ARREARS)).status_code == 409


@pytest.mark.parametrize("kind", [OrganisationKind.PLATFORM, OrganisationKind.REGULATOR])
async def test_a_regulator_suspends_only_those_who_trade(
    regulator: httpx.AsyncClient, sessions: SessionMaker, kind: OrganisationKind
) -> None:
    home = f"/v1/organisations/{await make_organisation(sessions, kind)}"
    for word in ("suspension", "reinstatement"):
        refused = await regulator.post(f"{home}/{word}", json=COMPLAINT)
        assert refused.status_code == 403
        assert "platform" in refused.json()["remedy"]


async def test_whoever_runs_the_machine_lifts_what_another_platform_placed(
    platform: httpx.AsyncClient, sessions: SessionMaker
) -> None:
    further = await make_organisation(sessions, OrganisationKind.PLATFORM)
    home = f"/v1/organisations/{further}"
    assert (await platform.post(f"{home}/suspension", json=COMPLAINT)).status_code == 200
    async with transaction(sessions) as session:
        row = await identity.lock_organisation(session, further)
        assert await lift_suspension(session, SYSTEM, row, "restored")
    assert (await platform.get(home)).json()["status"] == "verified"


async def test_who_suspends_twice_or_reinstates_what_is_not_suspended_is_told_where_it_stands(
    regulator: httpx.AsyncClient, buyers: httpx.AsyncClient, home: str
) -> None:
    idle = await regulator.post(f"{home}/reinstatement", json=COMPLAINT)
    await regulator.post(f"{home}/suspension", json=COMPLAINT)
    twice = await regulator.post(f"{home}/suspension", json=COMPLAINT)
    for refused in (idle, twice):
        assert refused.status_code == 409
        assert f"GET {home}" in refused.json()["remedy"]
    own = await buyers.post(f"{home}/reinstatement", json=COMPLAINT)
    assert own.status_code == 403
    # No role of a buyer's carries it, so an administrator of the buyer is not the one to ask.
    assert "platform_admin, regulator_officer" in own.json()["remedy"]
