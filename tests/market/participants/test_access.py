"""Invitations, members and programs, over HTTP."""

import asyncio
import secrets
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.identity.tables import Invitation, Person
from tests.support.people import PASSWORD, Someone, browser, make_organisation, make_person, sign_in

CHOSEN = "a password of my own"


def fresh_email() -> str:
    return f"guest{secrets.token_hex(6)}@people.example"


async def invite(
    client: httpx.AsyncClient, organisation_id: object, email: str, *roles: str
) -> httpx.Response:
    return await client.post(
        f"/v1/organisations/{organisation_id}/invitations",
        json={"email": email, "roles": list(roles) or ["buyer"]},
    )


async def handed_over(client: httpx.AsyncClient, organisation_id: object, invited: httpx.Response) -> str:
    """The token of an invitation, as the officer gets it who brings it to the person."""
    assert invited.status_code == 201, invited.text
    answer = await client.post(
        f"/v1/organisations/{organisation_id}/invitations/{invited.json()['id']}/hand-over",
        json={"identification": "Known in person"},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def invite_token(client: httpx.AsyncClient, organisation_id: object, email: str, *roles: str) -> str:
    """Invite an address, and take the token to it."""
    return await handed_over(client, organisation_id, await invite(client, organisation_id, email, *roles))


async def accept(client: httpx.AsyncClient, token: str, password: str = CHOSEN) -> httpx.Response:
    return await client.post(
        "/v1/invitations/acceptance", json={"token": token, "name": "王小明", "password": password}
    )


class TestInvitations:
    async def test_invited_accepted_signed_in(
        self, app: Litestar, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        email = fresh_email()
        invited = await invite(buyers, buyer.organisation_id, email.upper(), "buyer")
        accepted = await accept(client, await handed_over(buyers, buyer.organisation_id, invited))
        assert accepted.status_code == 201, accepted.text
        assert accepted.json()["email"] == email
        mine = await sign_in(app, email, CHOSEN)
        read = (await mine.get("/v1/session")).json()
        assert read["organisation"]["id"] == str(buyer.organisation_id)
        assert read["roles"] == ["buyer"]
        members = (await buyers.get(f"/v1/organisations/{buyer.organisation_id}/members")).json()["items"]
        assert {member["email"] for member in members} == {buyer.email, email}
        assert (await invite(buyers, buyer.organisation_id, email)).status_code == 409

    async def test_the_token_is_shown_once_and_kept_as_a_digest(
        self, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        made = await invite(buyers, buyer.organisation_id, fresh_email())
        token = await handed_over(buyers, buyer.organisation_id, made)
        listed = await buyers.get(f"/v1/organisations/{buyer.organisation_id}/invitations")
        assert token not in listed.text
        assert "digest" not in listed.text
        async with transaction(sessions) as session:
            row = await session.get_one(Invitation, made.json()["id"])
        assert row.token_digest is not None
        assert token.encode() not in row.token_digest

    async def test_used_twice_it_is_closed(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        token = await invite_token(buyers, buyer.organisation_id, fresh_email())
        assert (await accept(client, token)).status_code == 201
        again = await accept(client, token)
        assert again.status_code == 404
        assert again.json()["type"].endswith("invitation-not-open")

    async def test_of_many_who_accept_at_once_one_gets_in(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        email = fresh_email()
        token = await invite_token(buyers, buyer.organisation_id, email)
        answers = await asyncio.gather(*(accept(client, token) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201] + [404] * 5
        async with transaction(sessions) as session:
            count = await session.scalar(
                sa.select(sa.func.count()).select_from(Person).where(col(Person.email) == email)
            )
        assert count == 1

    async def test_two_invitations_of_one_address_accepted_at_once_make_one_person(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        email = fresh_email()
        tokens = [await invite_token(buyers, buyer.organisation_id, email) for _ in range(2)]
        answers = await asyncio.gather(*(accept(client, token) for token in tokens))
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_expired_withdrawn_and_unknown_ones_are_told_apart_by_nothing(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        base = f"/v1/organisations/{buyer.organisation_id}/invitations"
        invited = [await invite(buyers, buyer.organisation_id, fresh_email()) for _ in range(2)]
        tokens = [await handed_over(buyers, buyer.organisation_id, one) for one in invited]
        expired, withdrawn = [one.json() for one in invited]
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Invitation)
                .where(col(Invitation.id) == expired["id"])
                .values(expires_at=sa.func.now())
            )
        assert (await buyers.delete(f"{base}/{withdrawn['id']}")).status_code == 204
        assert (await buyers.delete(f"{base}/{withdrawn['id']}")).status_code == 204
        answers = [await accept(client, token) for token in (*tokens, secrets.token_urlsafe(32))]
        assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
            (404, answers[0].json()["detail"])
        }

    async def test_accepting_tells_nobody_whether_the_address_has_an_account_and_touches_none(
        self,
        app: Litestar,
        client: httpx.AsyncClient,
        buyers: httpx.AsyncClient,
        buyer: Someone,
        sessions: SessionMaker,
    ) -> None:
        elsewhere = await make_organisation(sessions, OrganisationKind.OPERATOR)
        known = await make_person(sessions, elsewhere, [Role.DATA_OPERATOR])
        answers = []
        for email in (known.email, fresh_email()):
            token = await invite_token(buyers, buyer.organisation_id, email)
            for password in ("short", CHOSEN):
                answer = await accept(client, token, password)
                body = answer.json()
                answers.append((answer.status_code, body.get("type"), body.get("name"), sorted(body)))
        assert answers[:2] == answers[2:]
        # The password chosen opens what the invitation was for, and the account that was there stays its holder's.
        theirs = await sign_in(app, known.email, CHOSEN)
        assert (await theirs.get("/v1/session")).json()["organisation"]["id"] == str(buyer.organisation_id)
        mine = await sign_in(app, known.email)
        read = (await mine.get("/v1/session")).json()
        assert (read["id"], read["organisation"]["id"]) == (str(known.id), str(elsewhere))

    async def test_whoever_took_an_address_first_keeps_nobody_from_joining_another_organisation(
        self,
        app: Litestar,
        client: httpx.AsyncClient,
        buyers: httpx.AsyncClient,
        buyer: Someone,
        sessions: SessionMaker,
    ) -> None:
        address = fresh_email()
        squatting = await make_organisation(sessions, OrganisationKind.OPERATOR)
        squatter = await make_person(sessions, squatting, [Role.DATA_OPERATOR, Role.ORGANISATION_ADMIN])
        theirs = await sign_in(app, squatter.email)
        token = await invite_token(theirs, squatting, address, "data_operator")
        assert (await accept(client, token, "the squatter's password")).status_code == 201
        token = await invite_token(buyers, buyer.organisation_id, address)
        assert (await accept(client, token)).status_code == 201
        mine = await sign_in(app, address, CHOSEN)
        assert (await mine.get("/v1/session")).json()["organisation"]["id"] == str(buyer.organisation_id)

    async def test_one_password_for_several_accounts_chooses_among_their_organisations(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        elsewhere = await make_organisation(sessions, OrganisationKind.OPERATOR)
        known = await make_person(sessions, elsewhere, [Role.DATA_OPERATOR])
        token = await invite_token(buyers, buyer.organisation_id, known.email)
        assert (await accept(client, token, PASSWORD)).status_code == 201
        credentials = {"email": known.email, "password": PASSWORD}
        choice = await client.post("/v1/session", json=credentials)
        assert choice.status_code == 409
        offered = {item["id"] for item in choice.json()["organisations"]}
        assert offered == {str(elsewhere), str(buyer.organisation_id)}
        for organisation_id in offered:
            answer = await client.post(
                "/v1/session", json={**credentials, "organisation_id": organisation_id}
            )
            assert answer.json()["organisation"]["id"] == organisation_id

    async def test_however_many_accounts_an_address_has_its_members_sign_in_by_naming_the_organisation(
        self, client: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        address = fresh_email()
        for _ in range(6):
            organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
            someone = await make_person(sessions, organisation_id, [Role.BUYER], email=address)
        body = {"email": address, "password": PASSWORD, "organisation_id": str(organisation_id)}
        answer = await client.post("/v1/session", json=body)
        assert answer.json()["id"] == str(someone.id)

    async def test_who_was_removed_joins_again(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        address = fresh_email()
        members = f"/v1/organisations/{buyer.organisation_id}/members"
        token = await invite_token(buyers, buyer.organisation_id, address)
        joined = (await accept(client, token)).json()
        assert (await buyers.delete(f"{members}/{joined['person_id']}")).status_code == 204
        token = await invite_token(buyers, buyer.organisation_id, address)
        assert (await accept(client, token, "quite another password")).status_code == 201
        answer = await client.post(
            "/v1/session", json={"email": address, "password": "quite another password"}
        )
        assert answer.status_code == 201

    async def test_a_weak_password_leaves_the_invitation_open(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        token = await invite_token(buyers, buyer.organisation_id, fresh_email())
        weak = await accept(client, token, "short")
        assert weak.status_code == 422
        assert weak.json()["type"].endswith("weak-password")
        assert (await accept(client, token)).status_code == 201

    async def test_an_accepted_one_cannot_be_withdrawn(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        made = await invite(buyers, buyer.organisation_id, fresh_email())
        await accept(client, await handed_over(buyers, buyer.organisation_id, made))
        base = f"/v1/organisations/{buyer.organisation_id}/invitations"
        assert (await buyers.delete(f"{base}/{made.json()['id']}")).status_code == 409
        assert (await buyers.delete(f"{base}/{uuid4()}")).status_code == 404

    @pytest.mark.parametrize("roles", [["regulator_officer"], ["platform_admin"], ["buyer", "data_owner"]])
    async def test_roles_of_another_kind_are_refused(
        self,
        buyers: httpx.AsyncClient,
        platform: httpx.AsyncClient,
        buyer: Someone,
        sessions: SessionMaker,
        roles: list[str],
    ) -> None:
        empty = await make_organisation(sessions, OrganisationKind.BUYER)
        for client, organisation_id in ((buyers, buyer.organisation_id), (platform, empty)):
            answer = await invite(client, organisation_id, fresh_email(), *roles)
            assert answer.status_code == 422
            assert answer.json()["type"].endswith("role-not-for-this-organisation")

    @pytest.mark.parametrize(
        "body",
        [
            {"email": "x@y.example", "roles": []},
            {"email": "x@y.example", "roles": ["buyer", "buyer"]},
            {"email": "x", "roles": ["buyer"]},
            {"email": "x@y.example", "roles": ["king"]},
        ],
    )
    async def test_what_is_no_invitation(
        self, buyers: httpx.AsyncClient, buyer: Someone, body: dict[str, Any]
    ) -> None:
        answer = await buyers.post(f"/v1/organisations/{buyer.organisation_id}/invitations", json=body)
        assert answer.status_code == 422

    async def test_a_member_without_the_role_invites_nobody(
        self, app: Litestar, buyer: Someone, sessions: SessionMaker
    ) -> None:
        plain = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
        mine = await sign_in(app, plain.email)
        assert (await invite(mine, buyer.organisation_id, fresh_email())).status_code == 403


class TestMembers:
    async def test_roles_change_from_the_next_request_on(
        self, app: Litestar, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        other = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
        theirs = await sign_in(app, other.email)
        path = f"/v1/organisations/{buyer.organisation_id}/members/{other.id}"
        changed = await buyers.patch(path, json={"roles": ["organisation_admin"]})
        assert changed.json()["roles"] == ["organisation_admin"]
        assert (await theirs.get("/v1/session")).json()["roles"] == ["organisation_admin"]

    async def test_a_removed_member_is_nobody_at_once(
        self, app: Litestar, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        other = await make_person(sessions, buyer.organisation_id, [Role.BUYER])
        theirs = await sign_in(app, other.email)
        path = f"/v1/organisations/{buyer.organisation_id}/members/{other.id}"
        assert (await buyers.delete(path)).status_code == 204
        assert (await theirs.get("/v1/session")).status_code == 401
        again = await browser(app).post("/v1/session", json={"email": other.email, "password": PASSWORD})
        assert again.status_code == 403
        assert (await buyers.delete(path)).status_code == 404

    async def test_the_last_administrator_stays(self, buyers: httpx.AsyncClient, buyer: Someone) -> None:
        path = f"/v1/organisations/{buyer.organisation_id}/members/{buyer.id}"
        for answer in (await buyers.patch(path, json={"roles": ["buyer"]}), await buyers.delete(path)):
            assert answer.status_code == 409
            assert answer.json()["type"].endswith("last-administrator")

    async def test_two_administrators_who_remove_each_other_at_once_leave_one(
        self, app: Litestar, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        other = await make_person(sessions, buyer.organisation_id, [Role.ORGANISATION_ADMIN])
        theirs = await sign_in(app, other.email)
        base = f"/v1/organisations/{buyer.organisation_id}/members"
        answers = await asyncio.gather(
            buyers.delete(f"{base}/{other.id}"), theirs.delete(f"{base}/{buyer.id}")
        )
        assert sorted(answer.status_code for answer in answers)[0] == 204
        assert sum(answer.status_code == 204 for answer in answers) == 1

    async def test_what_a_platform_administrator_is_only_another_one_changes(
        self, app: Litestar, administrator: Someone, platform: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        organisation_id = administrator.organisation_id
        plain = await make_person(sessions, organisation_id, [Role.ORGANISATION_ADMIN, Role.FINANCE_OFFICER])
        mine = await sign_in(app, plain.email)
        base = f"/v1/organisations/{organisation_id}/members"
        refused = [
            await mine.patch(f"{base}/{plain.id}", json={"roles": ["organisation_admin", "platform_admin"]}),
            await mine.patch(f"{base}/{administrator.id}", json={"roles": ["organisation_admin"]}),
            await mine.delete(f"{base}/{administrator.id}"),
            await invite(mine, organisation_id, fresh_email(), "platform_admin"),
            await mine.post(
                f"/v1/organisations/{organisation_id}/clients",
                json={"name": "x", "roles": ["platform_admin"]},
            ),
        ]
        assert [answer.status_code for answer in refused] == [403] * 5
        raised = await platform.patch(f"{base}/{plain.id}", json={"roles": ["platform_admin"]})
        assert raised.status_code == 200

    async def test_nobody_becomes_one_by_taking_the_token_of_anothers_invitation(
        self,
        app: Litestar,
        client: httpx.AsyncClient,
        administrator: Someone,
        platform: httpx.AsyncClient,
        sessions: SessionMaker,
    ) -> None:
        organisation_id = administrator.organisation_id
        plain = await make_person(sessions, organisation_id, [Role.ORGANISATION_ADMIN])
        mine = await sign_in(app, plain.email)
        invited = await invite(platform, organisation_id, fresh_email(), "platform_admin")
        one = f"/v1/organisations/{organisation_id}/invitations/{invited.json()['id']}"
        identified = {"identification": "Known in person"}
        program = await platform.post(
            f"/v1/organisations/{organisation_id}/clients", json={"name": "x", "roles": ["platform_admin"]}
        )
        refused = [
            await mine.post(f"{one}/hand-over", json=identified),
            await mine.post(f"{one}/mail"),
            await mine.delete(one),
            await mine.delete(f"/v1/organisations/{organisation_id}/clients/{program.json()['id']}"),
        ]
        assert [answer.json()["type"].rpartition(":")[2] for answer in refused] == [
            "platform-role-protected"
        ] * 4
        # Whoever may give the role hands it over as before; what carries other roles, the plain administrator does.
        token = await handed_over(platform, organisation_id, invited)
        assert (await accept(client, token)).status_code == 201
        other = await invite(platform, organisation_id, fresh_email(), "finance_officer")
        assert await handed_over(mine, organisation_id, other)

    async def test_members_page(
        self, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
    ) -> None:
        people = [await make_person(sessions, buyer.organisation_id, [Role.BUYER]) for _ in range(2)]
        base = f"/v1/organisations/{buyer.organisation_id}/members"
        first = (await buyers.get(base, params={"limit": 2})).json()
        second = (await buyers.get(base, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        shown = [item["person_id"] for item in first["items"] + second["items"]]
        assert shown == [str(people[1].id), str(people[0].id), str(buyer.id)]
        assert second["next_cursor"] is None


class TestPrograms:
    async def token(self, client: httpx.AsyncClient, name: str, secret: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
        return await client.post("/oauth/token", data=form)

    async def test_made_used_rotated_deleted(
        self, client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone
    ) -> None:
        base = f"/v1/organisations/{buyer.organisation_id}/clients"
        made = (await buyers.post(base, json={"name": "Nightly import", "roles": ["buyer"]})).json()
        first = made["client_secret"]
        assert (await self.token(client, made["id"], first)).status_code == 200
        listed = await buyers.get(base)
        assert [item["id"] for item in listed.json()["items"]] == [made["id"]]
        assert "secret" not in listed.text
        rotated = (
            await buyers.post(f"{base}/{made['id']}/secret-rotations", json={"overlap_hours": 1})
        ).json()
        second = rotated["client_secret"]
        assert second != first
        for secret in (first, second):
            assert (await self.token(client, made["id"], secret)).status_code == 200
        assert (await buyers.delete(f"{base}/{made['id']}")).status_code == 204
        assert (await self.token(client, made["id"], second)).status_code == 401
        assert (await buyers.get(base)).json()["items"] == []
        assert (await buyers.delete(f"{base}/{made['id']}")).status_code == 404
        gone = await buyers.post(f"{base}/{made['id']}/secret-rotations", json={})
        assert gone.status_code == 404

    async def test_not_even_the_platform_makes_programs_for_others(
        self, platform: httpx.AsyncClient, buyer: Someone
    ) -> None:
        base = f"/v1/organisations/{buyer.organisation_id}/clients"
        made = await platform.post(base, json={"name": "x", "roles": ["buyer"]})
        assert made.status_code == 404

    async def test_a_program_of_another_organisation_is_out_of_reach(
        self, buyers: httpx.AsyncClient, buyer: Someone, platform: httpx.AsyncClient, administrator: Someone
    ) -> None:
        theirs = await platform.post(
            f"/v1/organisations/{administrator.organisation_id}/clients",
            json={"name": "x", "roles": ["finance_officer"]},
        )
        client_id = theirs.json()["id"]
        for organisation_id in (buyer.organisation_id, administrator.organisation_id):
            base = f"/v1/organisations/{organisation_id}/clients/{client_id}"
            assert (await buyers.delete(base)).status_code == 404
            assert (await buyers.post(f"{base}/secret-rotations", json={})).status_code == 404

    @pytest.mark.parametrize("hours", [-1, 169, "24", None])
    async def test_an_overlap_is_bounded(
        self, buyers: httpx.AsyncClient, buyer: Someone, hours: object
    ) -> None:
        path = f"/v1/organisations/{buyer.organisation_id}/clients/{uuid4()}/secret-rotations"
        answer = await buyers.post(path, json={"overlap_hours": hours})
        assert answer.status_code == 422, answer.text


async def test_every_step_is_in_the_audit_log(
    client: httpx.AsyncClient, buyers: httpx.AsyncClient, buyer: Someone, sessions: SessionMaker
) -> None:
    token = await invite_token(buyers, buyer.organisation_id, fresh_email())
    joined = (await accept(client, token)).json()
    await buyers.delete(f"/v1/organisations/{buyer.organisation_id}/members/{joined['person_id']}")
    async with transaction(sessions) as session:
        rows = await session.execute(
            sa.text(
                "SELECT action, detail::text FROM audit_entries WHERE subject_id = :id ORDER BY id"
            ).bindparams(id=buyer.organisation_id)
        )
        found = rows.all()
    assert [row[0] for row in found] == [
        "member.invited",
        "invitation.handed_over",
        "member.joined",
        "member.removed",
    ]
    assert not any(token in row[1] or CHOSEN in row[1] for row in found)
