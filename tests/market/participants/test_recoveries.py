"""A lost administrator comes back by two officers, evidence, a notice and a delay; its people can object."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.settings import Settings
from market.participants import jobs
from tests.market.participants.test_access import CHOSEN, accept, fresh_email
from tests.support.events import context_of
from tests.support.people import Someone, make_client, make_organisation, make_person, sign_in

REASON = {"reason": "as decided"}
IDENTIFIED = {"identification": "Met at the organisation's office"}


def asked(**changes: str) -> dict[str, str]:
    return {
        "email": fresh_email(),
        "evidence_sha256": "ef" * 32,
        "reason": "The administrator has left the company",
        **changes,
    }


async def requested(client: httpx.AsyncClient, home: str, **changes: str) -> dict[str, Any]:
    answer = await client.post(f"{home}/recoveries", json=asked(**changes))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def act(client: httpx.AsyncClient, home: str, recovery: dict[str, Any], what: str) -> httpx.Response:
    return await client.post(f"{home}/recoveries/{recovery['id']}/{what}", json=REASON)


async def work(settings: Settings, sessions: SessionMaker, *, later: bool = True) -> None:
    """What the worker does each minute; when it is later, the delay of every recovery is over."""
    if later:
        async with transaction(sessions) as session:
            await session.execute(
                sa.text("UPDATE recoveries SET effective_at = now() WHERE status = 'approved'")
            )
    await jobs.complete_recoveries(context_of(settings, sessions), {})


async def test_requested_approved_waited_invited(
    client: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    buyers: httpx.AsyncClient,
    app: Litestar,
    home: str,
    settings: Settings,
    sessions: SessionMaker,
) -> None:
    recovery = await requested(platform, home)
    assert (await buyers.get(home)).json()["recovery"]["id"] == recovery["id"]
    approved = (await act(second, home, recovery, "approval")).json()
    assert approved["status"] == "approved"
    assert approved["approved_by"] != approved["requested_by"]
    await work(settings, sessions, later=False)
    assert (await buyers.get(home)).json()["recovery"]["status"] == "approved"
    async with sessions() as session:
        waits = sa.text(
            "SELECT extract(epoch FROM effective_at - approved_at) FROM recoveries WHERE id = :id"
        )
        assert (await session.execute(waits, {"id": recovery["id"]})).scalar_one() == 72 * 3600

    await work(settings, sessions)
    await work(settings, sessions)
    [done] = (await buyers.get(f"{home}/recoveries")).json()["items"]
    assert done["status"] == "completed"
    assert (await buyers.get(home)).json()["recovery"] is None
    [invitation] = (await buyers.get(f"{home}/invitations")).json()["items"]
    assert (invitation["id"], invitation["email"]) == (done["invitation_id"], recovery["email"])
    handed = await second.post(f"{home}/invitations/{invitation['id']}/hand-over", json=IDENTIFIED)
    assert (await accept(client, handed.json()["token"])).status_code == 201
    back = await sign_in(app, recovery["email"], CHOSEN)
    assert "organisation_admin" in (await back.get("/v1/session")).json()["roles"]
    # Now the lost one can be removed.
    members = (await back.get(f"{home}/members")).json()["items"]
    [lost] = [member for member in members if member["email"] != recovery["email"]]
    assert (await back.delete(f"{home}/members/{lost['person_id']}")).status_code == 204
    await back.aclose()


async def test_a_member_gets_the_role(
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    app: Litestar,
    buyer: Someone,
    home: str,
    settings: Settings,
    sessions: SessionMaker,
) -> None:
    colleague = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
    recovery = await requested(platform, home, email=colleague.email)
    await act(second, home, recovery, "approval")
    await work(settings, sessions)
    theirs = await sign_in(app, colleague.email)
    assert (await theirs.get("/v1/session")).json()["roles"] == ["buyer", "organisation_admin"]
    await theirs.aclose()


@pytest.mark.parametrize("when", ["requested", "approved"])
async def test_any_member_objects_in_time(
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    app: Litestar,
    buyer: Someone,
    home: str,
    settings: Settings,
    sessions: SessionMaker,
    when: str,
) -> None:
    recovery = await requested(platform, home)
    if when == "approved":
        await act(second, home, recovery, "approval")
    colleague = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
    theirs = await sign_in(app, colleague.email)
    # Not even a suspension keeps the organisation's people from it.
    assert (await platform.post(f"{home}/suspension", json=REASON)).status_code == 200
    assert (await act(theirs, home, recovery, "cancellation")).json()["status"] == "cancelled"
    await theirs.aclose()
    await work(settings, sessions)
    async with sessions() as session:
        count = sa.text("SELECT count(*) FROM invitations WHERE organisation_id = :id")
        assert (await session.execute(count, {"id": buyer.organisation_id})).scalar_one() == 0
    late = await act(second, home, recovery, "approval")
    assert late.status_code == 409
    assert late.json()["type"].endswith("recovery-status-forbids")
    assert f"POST {home}/recoveries" in late.json()["remedy"]
    twice = await act(second, home, recovery, "cancellation")
    assert "Nothing is left to do" in twice.json()["remedy"]
    # Another request may follow.
    await requested(platform, home)


async def test_one_officer_is_not_two(
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    app: Litestar,
    administrator: Someone,
    home: str,
    sessions: SessionMaker,
) -> None:
    recovery = await requested(platform, home)
    # Nor with another account of the same address, nor by a program.
    twin_id = await make_organisation(sessions, OrganisationKind.PLATFORM)
    twin = await make_person(sessions, twin_id, [Role.PLATFORM_ADMIN], email=administrator.email)
    body = {"email": twin.email, "password": "a quiet river at night", "organisation_id": str(twin_id)}
    theirs = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
        base_url="http://market.test",
    )
    theirs.headers["X-CSRF-Token"] = (await theirs.post("/v1/session", json=body)).json()["csrf_token"]
    client_id, secret = await make_client(sessions, administrator, [Role.PLATFORM_ADMIN])
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    token = (await theirs.post("/oauth/token", data=form)).json()["access_token"]
    path = f"{home}/recoveries/{recovery['id']}/approval"
    for answer in (
        await act(platform, home, recovery, "approval"),
        await act(theirs, home, recovery, "approval"),
        await second.post(path, json=REASON, headers={"Authorization": f"Bearer {token}"}),
    ):
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"].endswith("another-officer")
    await theirs.aclose()
    assert (await act(second, home, recovery, "approval")).status_code == 200


async def test_no_officer_lets_oneself_in(
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    administrator: Someone,
    home: str,
) -> None:
    mine = await platform.post(f"{home}/recoveries", json=asked(email=administrator.email))
    assert mine.status_code == 403
    address = (await second.get("/v1/session")).json()["email"]
    recovery = await requested(platform, home, email=address)
    assert (await act(second, home, recovery, "approval")).status_code == 403


async def test_who_may_not_and_when_it_is_not_needed(
    platform: httpx.AsyncClient,
    buyers: httpx.AsyncClient,
    regulator: httpx.AsyncClient,
    home: str,
    sessions: SessionMaker,
) -> None:
    for client in (buyers, regulator):
        assert (await client.post(f"{home}/recoveries", json=asked())).status_code == 403
    recovery = await requested(platform, home)
    assert (await act(regulator, home, recovery, "cancellation")).status_code == 404
    again = await platform.post(f"{home}/recoveries", json=asked())
    assert again.status_code == 409
    assert again.json()["type"].endswith("recovery-open")
    empty = await make_organisation(sessions, OrganisationKind.BUYER)
    unneeded = await platform.post(f"/v1/organisations/{empty}/recoveries", json=asked())
    assert unneeded.status_code == 409
    assert unneeded.json()["type"].endswith("recovery-not-needed")
    assert f"/v1/organisations/{empty}/invitations" in unneeded.json()["remedy"]


async def test_the_organisation_is_told_by_events(
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    buyer: Someone,
    home: str,
    settings: Settings,
    sessions: SessionMaker,
) -> None:
    recovery = await requested(platform, home)
    await act(second, home, recovery, "approval")
    await work(settings, sessions)
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT kind, organisations FROM events WHERE subject_id = :id ORDER BY sequence"),
            {"id": recovery["id"]},
        )
        told = [(row.kind, row.organisations) for row in rows]
    assert told == [
        (f"recovery.{what}", [buyer.organisation_id]) for what in ("requested", "approved", "completed")
    ]
