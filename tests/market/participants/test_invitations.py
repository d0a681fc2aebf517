"""An invitation's token reaches the invited address, by mail or by an officer's hands, and never whoever invited."""

import asyncio
from typing import Any

import httpx
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col

from infra.auth import Role
from infra.db import SessionMaker
from infra.identity.tables import Invitation
from tests.market.participants.test_access import CHOSEN, accept, fresh_email, invite
from tests.support.people import Someone, make_person, sign_in

IDENTIFIED = {"identification": "Known in person; work pass seen"}
FIRST = ("buyer", "organisation_admin")


def own(someone: Someone) -> str:
    return f"/v1/organisations/{someone.organisation_id}"


async def hand_over(client: httpx.AsyncClient, home: str, invitation: dict[str, Any]) -> httpx.Response:
    return await client.post(f"{home}/invitations/{invitation['id']}/hand-over", json=IDENTIFIED)


async def opened(client: httpx.AsyncClient, home: str, *roles: str, email: str = "") -> dict[str, Any]:
    answer = await invite(client, home.rpartition("/")[2], email or fresh_email(), *roles)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


class TestHandOver:
    async def test_the_inviter_is_answered_no_token(
        self, buyers: httpx.AsyncClient, buyer: Someone, platform: httpx.AsyncClient, empty: str
    ) -> None:
        for client, home in ((buyers, own(buyer)), (platform, empty)):
            made = await opened(client, home, *FIRST)
            assert "token" not in made
            assert (made["delivery"], made["handed_over_by"]) == ("pending", None)

    async def test_named_in_the_invitation_in_the_log_and_in_an_event(
        self,
        client: httpx.AsyncClient,
        platform: httpx.AsyncClient,
        administrator: Someone,
        empty: str,
        sessions: SessionMaker,
        app: Litestar,
    ) -> None:
        made = await opened(platform, empty, *FIRST)
        handed = (await hand_over(platform, empty, made)).json()
        assert (handed["delivery"], handed["handed_over_by"]) == ("handed_over", str(administrator.id))
        assert (await accept(client, handed["token"])).status_code == 201
        # The organisation's own administrator sees who answers for the address.
        theirs = await sign_in(app, made["email"], CHOSEN)
        [listed] = (await theirs.get(f"{empty}/invitations")).json()["items"]
        assert listed["handed_over_by"] == str(administrator.id)
        assert listed["handed_over_by_organisation"] == str(administrator.organisation_id)
        [member] = (await theirs.get(f"{empty}/members")).json()["items"]
        assert member["email_proved_at"] is None
        await theirs.aclose()
        async with sessions() as session:
            entry = await session.execute(
                sa.text(
                    "SELECT actor_id, detail FROM audit_entries WHERE action = 'invitation.handed_over'"
                    " AND subject_id = :id"
                ),
                {"id": empty.rpartition("/")[2]},
            )
            event = await session.execute(
                sa.text("SELECT kind, organisations::text FROM events WHERE subject_id = :id"),
                {"id": made["id"]},
            )
            [recorded], [told] = entry.all(), event.all()
        assert recorded.actor_id == administrator.id
        assert recorded.detail["identification"] == IDENTIFIED["identification"]
        assert told.kind == "invitation.handed_over"
        assert empty.rpartition("/")[2] in told.organisations

    async def test_a_second_one_voids_the_first(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        made = await opened(buyers, own(buyer))
        first, second = [(await hand_over(buyers, own(buyer), made)).json()["token"] for _ in range(2)]
        assert (await accept(client, first)).status_code == 404
        assert (await accept(client, second)).status_code == 201

    async def test_closed_ones_are_not_handed_over(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        accepted, revoked = await opened(buyers, own(buyer)), await opened(buyers, own(buyer))
        await accept(client, (await hand_over(buyers, own(buyer), accepted)).json()["token"])
        await buyers.delete(f"{own(buyer)}/invitations/{revoked['id']}")
        for made in (accepted, revoked):
            answer = await hand_over(buyers, own(buyer), made)
            assert answer.status_code == 409
            assert answer.json()["type"].endswith("invitation-closed")

    async def test_without_a_mail_server_nothing_is_sent_again(
        self, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        made = await opened(buyers, own(buyer))
        answer = await buyers.post(f"{own(buyer)}/invitations/{made['id']}/mail")
        assert answer.status_code == 409
        assert f"/invitations/{made['id']}/hand-over" in answer.json()["remedy"]


class TestWhoInvites:
    async def test_once_there_is_an_administrator_the_platform_decides_nothing_of_members(
        self, platform: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        home = own(buyer)
        made = await opened(buyers, home)
        for answer in (
            await invite(platform, buyer.organisation_id, fresh_email(), *FIRST),
            await hand_over(platform, home, made),
            await platform.post(f"{home}/invitations/{made['id']}/mail"),
            await platform.delete(f"{home}/invitations/{made['id']}"),
            await platform.patch(f"{home}/members/{buyer.id}", json={"roles": ["buyer"]}),
            await platform.delete(f"{home}/members/{buyer.id}"),
        ):
            assert answer.status_code == 403, answer.text
            assert answer.json()["type"].endswith("organisation-administers-itself")
            assert f"{home}/recoveries" in answer.json()["remedy"]

    async def test_who_is_invited_first_administers(self, platform: httpx.AsyncClient, empty: str) -> None:
        answer = await invite(platform, empty.rpartition("/")[2], fresh_email(), "buyer")
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("first-administrator")

    async def test_with_the_first_administrator_the_others_invitations_of_the_platform_end(
        self, client: httpx.AsyncClient, platform: httpx.AsyncClient, empty: str
    ) -> None:
        made = [await opened(platform, empty, *FIRST) for _ in range(2)]
        tokens = [(await hand_over(platform, empty, one)).json()["token"] for one in made]
        assert (await accept(client, tokens[0])).status_code == 201
        # The platform's administrator kept this one for himself.
        assert (await accept(client, tokens[1])).status_code == 404

    async def test_two_first_administrators_at_once_are_one(
        self, client: httpx.AsyncClient, platform: httpx.AsyncClient, empty: str
    ) -> None:
        made = [await opened(platform, empty, *FIRST) for _ in range(2)]
        tokens = [(await hand_over(platform, empty, one)).json()["token"] for one in made]
        answers = await asyncio.gather(*(accept(client, token) for token in tokens))
        assert sorted(answer.status_code for answer in answers) == [201, 404]


async def test_the_platforms_administrator_cannot_become_a_tenant(
    app: Litestar,
    client: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    buyer: Someone,
    sessions: SessionMaker,
) -> None:
    mine = fresh_email()
    for roles in (["organisation_admin"], ["buyer"], ["buyer", "organisation_admin"]):
        assert (await invite(platform, buyer.organisation_id, mine, *roles)).status_code == 403
    accomplice = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
    changed = await platform.patch(
        f"{own(buyer)}/members/{accomplice.id}", json={"roles": ["organisation_admin"]}
    )
    assert changed.status_code == 403
    async with sessions() as session:
        found = await session.execute(
            sa.select(sa.func.count())
            .select_from(Invitation)
            .where(col(Invitation.organisation_id) == buyer.organisation_id)
        )
        assert found.scalar_one() == 0
