"""A suspended organisation reads, pays and appeals, until the suspension is lifted."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker
from tests.support.people import Someone, make_organisation, make_person, sign_in
from tests.support.products import published

REASON = {"reason": "as decided"}
APPEAL = {"text": "The complaint concerned another company of the same name.", "document_sha256": "cd" * 32}
UPHOLD = {"decision": "uphold", "reason": "Another company was meant"}
DISMISS = {"decision": "dismiss", "reason": "The document shows something else"}


@pytest.fixture
async def home(buyer: Someone) -> str:
    """Where the buyer's organisation is found."""
    return f"/v1/organisations/{buyer.organisation_id}"


@pytest.fixture
async def suspended(platform: httpx.AsyncClient, home: str) -> str:
    """The same, suspended."""
    assert (await platform.post(f"{home}/suspension", json=REASON)).status_code == 200
    return home


async def lodge(client: httpx.AsyncClient, home: str, **changes: Any) -> dict[str, Any]:
    answer = await client.post(f"{home}/appeals", json={**APPEAL, **changes})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def decide(
    client: httpx.AsyncClient, home: str, appeal: dict[str, Any], decision: dict[str, str]
) -> httpx.Response:
    return await client.post(f"{home}/appeals/{appeal['id']}/decision", json=decision)


async def test_the_refusal_says_where_to_appeal_and_that_works(
    buyers: httpx.AsyncClient, suspended: str
) -> None:
    refused = await buyers.post("/v1/agreements", json={})
    assert refused.status_code == 403
    assert f"POST {suspended}/appeals" in refused.json()["remedy"]
    assert f"GET {suspended} " in refused.json()["remedy"]
    assert (await buyers.get(suspended)).json()["status_reason"] == REASON["reason"]
    await lodge(buyers, suspended)


async def test_dismissed_appealed_again_and_upheld_by_another_authority(
    buyers: httpx.AsyncClient,
    regulator: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    second: httpx.AsyncClient,
    suspended: str,
) -> None:
    first = await lodge(buyers, suspended)
    assert first["status"] == "open"
    again = await buyers.post(f"{suspended}/appeals", json=APPEAL)
    assert again.status_code == 409
    assert again.json()["type"].endswith("appeal-open")
    for authority in (platform, regulator):
        listed = await authority.get("/v1/appeals", params={"status": "open", "limit": 200})
        assert first["id"] in {item["id"] for item in listed.json()["items"]}
    # Nobody judges the own order.
    own = await decide(platform, suspended, first, DISMISS)
    assert own.status_code == 403
    assert own.json()["type"].endswith("another-officer")
    dismissed = await decide(second, suspended, first, DISMISS)
    assert dismissed.json()["status"] == "dismissed"
    assert (await buyers.get(suspended)).json()["status"] == "suspended"
    late = await decide(regulator, suspended, first, UPHOLD)
    assert late.status_code == 409
    assert late.json()["type"].endswith("appeal-decided")

    newer = await lodge(buyers, suspended, text="Here is the right document.")
    # The platform suspended, and yet the regulator's decision lifts it.
    assert (await decide(regulator, suspended, newer, UPHOLD)).json()["status"] == "upheld"
    assert (await buyers.get(suspended)).json()["status"] == "verified"
    mine = (await buyers.get(f"{suspended}/appeals")).json()["items"]
    assert [(item["status"], item["decision_reason"]) for item in mine] == [
        ("upheld", UPHOLD["reason"]),
        ("dismissed", DISMISS["reason"]),
    ]
    over = await buyers.post(f"{suspended}/appeals", json=APPEAL)
    assert over.status_code == 409
    assert over.json()["type"].endswith("organisation-not-suspended")


async def test_a_reinstatement_upholds_what_is_open(
    buyers: httpx.AsyncClient, platform: httpx.AsyncClient, suspended: str
) -> None:
    await lodge(buyers, suspended)
    assert (await platform.post(f"{suspended}/reinstatement", json=REASON)).json()["status"] == "verified"
    [appeal] = (await buyers.get(f"{suspended}/appeals")).json()["items"]
    assert (appeal["status"], appeal["decision_reason"]) == ("upheld", REASON["reason"])


async def test_another_platform_organisation_lifts_the_suspension_too(
    app: Litestar, sessions: SessionMaker, suspended: str
) -> None:
    other = await make_person(
        sessions, await make_organisation(sessions, OrganisationKind.PLATFORM), [Role.PLATFORM_ADMIN]
    )
    theirs = await sign_in(app, other.email)
    assert (await theirs.post(f"{suspended}/reinstatement", json=REASON)).json()["status"] == "verified"
    await theirs.aclose()


async def test_who_may_not(
    app: Litestar,
    buyers: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    suspended: str,
    buyer: Someone,
    sessions: SessionMaker,
) -> None:
    appeal = await lodge(buyers, suspended)
    assert (await decide(buyers, suspended, appeal, UPHOLD)).status_code == 403
    assert (await buyers.get("/v1/appeals")).status_code == 403
    assert (await platform.post(f"{suspended}/appeals", json=APPEAL)).status_code == 404
    assert (await decide(platform, suspended, {"id": uuid4()}, UPHOLD)).status_code == 404
    plain = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
    theirs = await sign_in(app, plain.email)
    assert (await theirs.post(f"{suspended}/appeals", json=APPEAL)).status_code == 403
    await theirs.aclose()
    stranger = await make_person(
        sessions, await make_organisation(sessions, OrganisationKind.BUYER), [Role.ORGANISATION_ADMIN]
    )
    theirs = await sign_in(app, stranger.email)
    assert (await theirs.get(f"{suspended}/appeals")).status_code == 404
    await theirs.aclose()


async def test_both_are_told_in_the_log_and_by_events(
    buyers: httpx.AsyncClient, second: httpx.AsyncClient, suspended: str, sessions: SessionMaker
) -> None:
    appeal = await lodge(buyers, suspended)
    await decide(second, suspended, appeal, DISMISS)
    organisation_id = suspended.rpartition("/")[2]
    async with sessions() as session:
        events = await session.execute(
            sa.text("SELECT kind, organisations::text FROM events WHERE subject_id = :id ORDER BY sequence"),
            {"id": appeal["id"]},
        )
        entries = await session.execute(
            sa.text("SELECT action FROM audit_entries WHERE subject_id = :id ORDER BY id DESC LIMIT 2"),
            {"id": organisation_id},
        )
        told = events.all()
        recorded = [row.action for row in entries]
    assert [row[0] for row in told] == ["appeal.lodged", "appeal.decided"]
    assert all(organisation_id in row[1] for row in told)
    assert recorded == ["appeal.decided", "appeal.lodged"]


@pytest.fixture
async def parties_of_a_licence(owner: Party, operator: Party, party: PartyMaker) -> Bargain:
    """A product on the market, with parties of its own."""
    regulator, buyer = await party(OrganisationKind.REGULATOR), await party(OrganisationKind.BUYER)
    return Bargain(owner, operator, buyer, regulator, await published(owner, operator, regulator))


async def test_data_stops_with_the_suspension_and_comes_back_with_the_appeal(
    app: Litestar, parties_of_a_licence: Bargain, platform: httpx.AsyncClient, sessions: SessionMaker
) -> None:
    bargain = parties_of_a_licence
    home = f"/v1/organisations/{bargain.buyer.organisation_id}"
    someone = await make_person(
        sessions, bargain.buyer.organisation_id, [Role.BUYER, Role.ORGANISATION_ADMIN]
    )
    mine = await sign_in(app, someone.email)
    _, token = await bargain.licensed(quotas={"calls": 100})
    assert (await bargain.read(token)).status_code == 200
    await platform.post(f"{home}/suspension", json=REASON)
    stopped = await bargain.read(token)
    assert stopped.status_code == 401
    assert stopped.json()["reason"] == "revoked"
    [licence] = (await mine.get("/v1/licences")).json()["items"]
    for path in ("/v1/agreements", "/v1/invoices", f"/v1/licences/{licence['id']}/usage"):
        answer = await mine.get(path)
        assert answer.status_code == 200, (path, answer.text)
    fresh = await mine.post(f"/v1/licences/{licence['id']}/tokens", json={})
    assert fresh.status_code == 403
    assert fresh.json()["type"].endswith("organisation-suspended")
    await decide(platform, home, await lodge(mine, home), UPHOLD)
    fresh = await mine.post(f"/v1/licences/{licence['id']}/tokens", json={})
    assert (await bargain.read(fresh.json()["access_token"])).status_code == 200
    await mine.aclose()
