"""Who has lost the password or the second factor gets in again, without a mail server; thieves do not."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.settings import Settings
from market.participants.platform_administrators import issue_password_reset, reset_second_factor
from tests.support.people import (
    PASSWORD,
    Someone,
    browser,
    make_client,
    make_organisation,
    make_person,
    sign_in,
)
from tests.support.problems import slug
from tests.support.totp import enrol, first_step, second_step

NEW = "seventeen green lanterns upstairs"
KNOWN = {"identification": "Has come in person with the identity card"}
LOST = "Phone stolen on the train; recognised in a video call"


@pytest.fixture
async def colleague(sessions: SessionMaker, buyer: Someone) -> Someone:
    """A member of the buyer's organisation."""
    return await make_person(sessions, buyer.organisation_id, [Role.BUYER])


@pytest.fixture
async def third(
    app: Litestar, administrator: Someone, sessions: SessionMaker
) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a third administrator of the platform."""
    other = await make_person(sessions, administrator.organisation_id, [Role.PLATFORM_ADMIN])
    made = await sign_in(app, other.email)
    yield made
    await made.aclose()


async def handed(client: httpx.AsyncClient, home: str, someone: Someone) -> str:
    answer = await client.post(f"{home}/members/{someone.id}/password-reset", json=KNOWN)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def accept(client: httpx.AsyncClient, token: str, password: str = NEW) -> httpx.Response:
    body = {"token": token, "new_password": password}
    return await client.post("/v1/password-resets/acceptance", json=body)


async def signs_in(app: Litestar, someone: Someone, password: str) -> int:
    answer = await browser(app).post("/v1/session", json={"email": someone.email, "password": password})
    return answer.status_code


class TestPassword:
    async def test_a_link_sets_it_once_and_ends_what_there_was(
        self, app: Litestar, buyers: httpx.AsyncClient, home: str, colleague: Someone, sessions: SessionMaker
    ) -> None:
        theirs = await sign_in(app, colleague.email)
        token = await handed(buyers, home, colleague)
        async with sessions() as session:
            kept = await session.execute(
                sa.text("SELECT row_to_json(password_resets)::text FROM password_resets")
            )
            assert all(token not in row for row in kept.scalars())
        weak = await accept(browser(app), token, "password")
        assert (weak.status_code, slug(weak.json())) == (422, "weak-password")
        assert (await accept(browser(app), token)).status_code == 204
        assert (await theirs.get("/v1/session")).status_code == 401
        assert await signs_in(app, colleague, PASSWORD) == 401
        assert await signs_in(app, colleague, NEW) == 201
        again = await accept(browser(app), token)
        assert (again.status_code, slug(again.json())) == (404, "password-reset-not-open")
        async with sessions() as session:
            entries = await session.execute(
                sa.text("SELECT action, detail FROM audit_entries WHERE detail->>'person_id' = :id"),
                {"id": str(colleague.id)},
            )
            [handed_over] = [row.detail for row in entries if row.action == "password_reset.handed_over"]
        assert handed_over["identification"] == KNOWN["identification"]

    @pytest.mark.parametrize("by", ["newer", "sign_in", "change", "time"])
    async def test_what_ends_a_link(
        self,
        app: Litestar,
        buyers: httpx.AsyncClient,
        home: str,
        colleague: Someone,
        sessions: SessionMaker,
        by: str,
    ) -> None:
        theirs = await sign_in(app, colleague.email)
        token = await handed(buyers, home, colleague)
        if by == "newer":
            await handed(buyers, home, colleague)
        elif by == "sign_in":
            assert await signs_in(app, colleague, PASSWORD) == 201
        elif by == "change":
            body = {"current_password": PASSWORD, "new_password": "eleven wooden boats in autumn"}
            assert (await theirs.put("/v1/session/password", json=body)).status_code == 200
        else:
            async with transaction(sessions) as session:
                later = sa.text(
                    "UPDATE password_resets SET expires_at = expires_at - make_interval(mins => 31)"
                )
                await session.execute(later)
        assert (await accept(browser(app), token)).status_code == 404

    async def test_it_is_no_way_around_the_second_factor(
        self, app: Litestar, buyers: httpx.AsyncClient, home: str, colleague: Someone
    ) -> None:
        theirs = await sign_in(app, colleague.email)
        phone = await enrol(theirs)
        token = await handed(buyers, home, colleague)
        assert (await accept(browser(app), token)).status_code == 204
        thief = await first_step(app, colleague.email, NEW)
        assert (await thief.get("/v1/session")).json()["second_factor"] == "code_required"
        assert slug((await thief.get("/v1/agreements")).json()) == "second-factor-required"
        assert (await second_step(thief, phone.recovery_codes[0])).status_code == 200

    async def test_who_may_not_hand_one_over(
        self,
        app: Litestar,
        buyers: httpx.AsyncClient,
        buyer: Someone,
        home: str,
        platform: httpx.AsyncClient,
        administrator: Someone,
        colleague: Someone,
        sessions: SessionMaker,
    ) -> None:
        own = await buyers.post(f"{home}/members/{buyer.id}/password-reset", json=KNOWN)
        assert (own.status_code, slug(own.json())) == (403, "another-officer")
        assert "PUT /v1/session/password" in own.json()["remedy"]
        other = await platform.post(f"{home}/members/{colleague.id}/password-reset", json=KNOWN)
        assert (other.status_code, slug(other.json())) == (403, "organisation-administers-itself")
        client_id, secret = await make_client(sessions, buyer, [Role.ORGANISATION_ADMIN])
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        program = browser(app)
        token = (await program.post("/oauth/token", data=form)).json()["access_token"]
        by_program = await program.post(
            f"{home}/members/{colleague.id}/password-reset",
            json=KNOWN,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert slug(by_program.json()) == "another-officer"
        # An organisation's administrator of the platform takes no platform administrator's account over.
        plain = await make_person(sessions, administrator.organisation_id, [Role.ORGANISATION_ADMIN])
        theirs = await sign_in(app, plain.email)
        path = f"/v1/organisations/{administrator.organisation_id}/members/{administrator.id}/password-reset"
        assert slug((await theirs.post(path, json=KNOWN)).json()) == "platform-role-protected"

    async def test_without_a_mail_server_the_refusal_says_whom_to_ask_and_is_the_same_for_all(
        self, client: httpx.AsyncClient, buyer: Someone
    ) -> None:
        answers = [
            await client.post("/v1/password-resets", json={"email": email})
            for email in (buyer.email, "nobody-at-all@people.example")
        ]
        for answer in answers:
            assert (answer.status_code, slug(answer.json())) == (409, "password-reset-not-mailed")
            assert "administrator of your organisation" in answer.json()["remedy"]

    async def test_tokens_are_not_guessed(
        self, client: httpx.AsyncClient, settings: Settings, app: Litestar
    ) -> None:
        answer = await accept(client, "A" * 43)
        assert (answer.status_code, slug(answer.json())) == (404, "password-reset-not-open")
        foreign = await client.post(
            "/v1/password-resets/acceptance", content=b"{}", headers={"Content-Type": "text/plain"}
        )
        assert foreign.status_code == 415


class TestSecondFactor:
    async def ask(self, client: httpx.AsyncClient, home: str, someone: Someone) -> httpx.Response:
        body = {"person_id": str(someone.id), "reason": LOST}
        return await client.post(f"{home}/second-factor-resets", json=body)

    async def test_another_administrator_takes_it_away_and_it_can_be_enrolled_anew(
        self, app: Litestar, buyers: httpx.AsyncClient, buyer: Someone, home: str, colleague: Someone
    ) -> None:
        none = await self.ask(buyers, home, colleague)
        assert (none.status_code, slug(none.json())) == (409, "no-second-factor-to-reset")
        await enrol(await sign_in(app, colleague.email))
        waiting = await first_step(app, colleague.email)
        done = await self.ask(buyers, home, colleague)
        assert (done.status_code, done.json()["status"]) == (201, "completed")
        assert (await waiting.get("/v1/session")).status_code == 401
        again = await sign_in(app, colleague.email)
        assert (await again.get("/v1/session")).json()["second_factor"] == "not_enrolled"
        await enrol(again)
        # Nobody's own: a session that was left open is not enough.
        await enrol(buyers)
        own = await self.ask(buyers, home, buyer)
        assert (own.status_code, slug(own.json())) == (403, "another-officer")
        listed = (await buyers.get(f"{home}/second-factor-resets")).json()["items"]
        assert [item["person_id"] for item in listed] == [str(colleague.id)]

    async def test_on_the_platform_it_takes_two_and_the_member_can_object(
        self,
        app: Litestar,
        platform: httpx.AsyncClient,
        second: httpx.AsyncClient,
        third: httpx.AsyncClient,
        administrator: Someone,
    ) -> None:
        home = f"/v1/organisations/{administrator.organisation_id}"
        phone = await enrol(platform)
        asked = (await self.ask(second, home, administrator)).json()
        assert asked["status"] == "requested"
        assert slug((await self.ask(third, home, administrator)).json()) == "second-factor-reset-open"
        path = f"{home}/second-factor-resets/{asked['id']}"
        for client in (second, platform):
            answer = await client.post(f"{path}/approval")
            assert (answer.status_code, slug(answer.json())) == (403, "another-officer")
        objected = await platform.post(f"{path}/cancellation", json={"reason": "My phone is here"})
        assert objected.json()["status"] == "cancelled"
        late = await third.post(f"{path}/approval")
        assert (late.status_code, slug(late.json())) == (409, "second-factor-reset-status-forbids")
        theirs = await first_step(app, administrator.email)
        assert (await second_step(theirs, phone.recovery_codes[0])).status_code == 200
        again = (await self.ask(second, home, administrator)).json()
        approved = await third.post(f"{home}/second-factor-resets/{again['id']}/approval")
        assert approved.json()["status"] == "completed"
        after = await sign_in(app, administrator.email)
        assert (await after.get("/v1/session")).json()["second_factor"] == "not_enrolled"


async def test_whoever_runs_the_machine_brings_the_first_administrator_back(
    app: Litestar, sessions: SessionMaker, settings: Settings
) -> None:
    async with transaction(sessions) as session:
        first = (
            await session.execute(
                sa.text(
                    "SELECT id FROM organisations WHERE kind = 'platform' AND verified_at IS NOT NULL"
                    " ORDER BY id LIMIT 1"
                )
            )
        ).scalar_one_or_none()
    organisation_id = (
        UUID(str(first)) if first else await make_organisation(sessions, OrganisationKind.PLATFORM)
    )
    officer = await make_person(sessions, organisation_id, [Role.PLATFORM_ADMIN])
    await enrol(await sign_in(app, officer.email))
    async with transaction(sessions) as session:
        token = await issue_password_reset(session, settings, officer.email.upper())
    assert (await accept(browser(app), token)).status_code == 204
    theirs = await first_step(app, officer.email, NEW)
    assert (await theirs.get("/v1/session")).json()["second_factor"] == "code_required"
    async with transaction(sessions) as session:
        assert await reset_second_factor(session, settings, officer.email)
    again = await sign_in(app, officer.email, NEW)
    assert (await again.get("/v1/session")).json()["second_factor"] == "not_enrolled"
