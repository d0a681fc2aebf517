"""Signing in and out, over HTTP against a real database."""

import asyncio
import json
import secrets
import time
from datetime import timedelta

import argon2
import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col, select

from infra.auth import OrganisationKind
from infra.db import SessionMaker, now, transaction
from infra.identity import credential_repository, credentials, domain
from infra.identity.tables import Membership, Organisation, Person, SignInSession
from infra.organisation_status import OrganisationStatus
from tests.support.people import PASSWORD, Someone, browser, make_organisation, sign_in


async def attempt(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/v1/session", json={"email": email, "password": password})


class TestSigningIn:
    async def test_answer_and_cookie(self, client: httpx.AsyncClient, someone: Someone) -> None:
        answer = await attempt(client, someone.email.upper())
        assert answer.status_code == 201
        body = answer.json()
        assert body["id"] == str(someone.id)
        assert body["roles"] == ["buyer", "organisation_admin"]
        assert "order.place" in body["permissions"]
        assert "argon2" not in answer.text
        (cookie,) = [
            text.lower()
            for text in answer.headers.get_list("set-cookie")
            if text.startswith("market_session=")
        ]
        assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
        assert "secure" not in cookie  # the test's address is plain http
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("called", ["text/plain", "application/x-www-form-urlencoded", None])
    async def test_a_foreign_page_signs_nobody_in(
        self, client: httpx.AsyncClient, someone: Someone, called: str | None
    ) -> None:
        # What a browser sends across origins without asking first: forms, plain text, bodies without a type.
        body = json.dumps({"email": someone.email, "password": PASSWORD})
        headers = {"Content-Type": called} if called else {}
        for path in ("/v1/session", "/v1/invitations/acceptance"):
            answer = await client.post(path, content=body.encode(), headers=headers)
            assert answer.status_code == 415, path
            assert "set-cookie" not in answer.headers

    async def test_only_a_digest_of_the_token_is_kept(
        self, client: httpx.AsyncClient, someone: Someone, sessions: SessionMaker
    ) -> None:
        answer = await attempt(client, someone.email)
        token = answer.cookies["market_session"]
        async with transaction(sessions) as session:
            found = await session.scalar(
                sa.select(col(SignInSession.id)).where(
                    col(SignInSession.token_digest) == credentials.digest(token)
                )
            )
        assert found is not None
        assert len(token) == 43

    async def test_read_and_sign_out(self, app: Litestar, someone: Someone) -> None:
        mine = await sign_in(app, someone.email)
        read = await mine.get("/v1/session")
        assert read.json()["csrf_token"] == mine.headers["X-CSRF-Token"]
        token = mine.cookies["market_session"]
        out = await mine.delete("/v1/session")
        assert out.status_code == 204
        assert "market_session" not in mine.cookies
        again = await mine.get("/v1/session", headers={"Cookie": f"market_session={token}"})
        assert again.status_code == 401
        assert again.json()["type"].endswith("session-ended")

    async def test_a_wrong_password_and_an_unknown_address_are_told_apart_by_nothing(
        self, client: httpx.AsyncClient, someone: Someone
    ) -> None:
        wrong = await attempt(client, someone.email, "not this one, sorry")
        unknown = await attempt(client, f"nobody{secrets.token_hex(4)}@people.example", "not this one, sorry")
        assert wrong.status_code == unknown.status_code == 401
        assert {k: v for k, v in wrong.json().items() if k != "trace_id"} == {
            k: v for k, v in unknown.json().items() if k != "trace_id"
        }

    @pytest.fixture
    def at_full_cost(
        self, app: Litestar, production_hasher: argon2.PasswordHasher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(credentials, "_HASHER", production_hasher)
        nobody = credentials.hash_password("of nobody at all")
        monkeypatch.setattr(app.state.identity.passwords, "_nobody", nobody)

    async def test_an_unknown_address_takes_as_long(
        self, at_full_cost: None, client: httpx.AsyncClient, someone: Someone
    ) -> None:
        async def median(email: str) -> float:
            times = []
            for _ in range(5):
                begun = time.perf_counter()
                await attempt(client, email, "not this one, sorry")
                times.append(time.perf_counter() - begun)
            return sorted(times)[2]

        known, unknown = await median(someone.email), await median(f"x{secrets.token_hex(4)}@people.example")
        assert unknown > known / 3

    async def test_a_session_sent_along_ends_and_the_new_one_has_its_own_token(
        self, app: Litestar, someone: Someone
    ) -> None:
        attacker, victim = await sign_in(app, someone.email), browser(app)
        planted = attacker.cookies["market_session"]
        victim.cookies.set("market_session", planted)
        answer = await attempt(victim, someone.email)
        assert answer.cookies["market_session"] != planted
        assert (await attacker.get("/v1/session")).status_code == 401

    async def test_a_token_chosen_by_somebody_else_is_never_taken_over(
        self, app: Litestar, someone: Someone
    ) -> None:
        victim = browser(app)
        victim.cookies.set("market_session", "chosen-by-an-attacker")
        answer = await attempt(victim, someone.email)
        assert answer.cookies["market_session"] != "chosen-by-an-attacker"
        headers = {"Cookie": "market_session=chosen-by-an-attacker"}
        probe = await browser(app).get("/v1/session", headers=headers)
        assert probe.status_code == 401

    async def test_members_of_two_organisations_choose(
        self, sessions: SessionMaker, app: Litestar, someone: Someone
    ) -> None:
        other = await make_organisation(sessions, OrganisationKind.OWNER)
        async with transaction(sessions) as session:
            moment = await session.scalar(sa.select(sa.func.now()))
            assert moment is not None
            session.add(
                Membership(
                    person_id=someone.id, organisation_id=other, roles=["data_owner"], created_at=moment
                )
            )
        asked = await attempt(browser(app), someone.email)
        assert asked.status_code == 409
        assert {item["id"] for item in asked.json()["organisations"]} == {
            str(other),
            str(someone.organisation_id),
        }
        chosen = await browser(app).post(
            "/v1/session", json={"email": someone.email, "password": PASSWORD, "organisation_id": str(other)}
        )
        assert chosen.json()["roles"] == ["data_owner"]
        foreign = await make_organisation(sessions, OrganisationKind.OWNER)
        refused = await browser(app).post(
            "/v1/session",
            json={"email": someone.email, "password": PASSWORD, "organisation_id": str(foreign)},
        )
        assert refused.status_code == 403

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"email": "x", "password": "y"},
            {"email": "a@b.cn", "password": ""},
            {"email": "a@b.cn", "password": "y" * 257},
            {"email": "a@b.cn", "password": "y", "admin": True},
            {"email": "a\u0000@b.cn", "password": "y"},
        ],
    )
    async def test_what_is_no_sign_in_is_refused(
        self, client: httpx.AsyncClient, body: dict[str, object]
    ) -> None:
        answer = await client.post("/v1/session", json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("application/problem+json")

    async def test_text_that_is_no_unicode_is_no_json(self, client: httpx.AsyncClient) -> None:
        body = json.dumps({"email": "a@b.cn", "password": "\ud800"})
        answer = await client.post("/v1/session", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400


class TestCsrf:
    async def test_a_change_by_cookie_needs_the_token(self, app: Litestar, someone: Someone) -> None:
        mine = await sign_in(app, someone.email)
        good = mine.headers.pop("X-CSRF-Token")
        for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x" * 43}, {"X-CSRF-Token": good[:-1]}):
            answer = await mine.delete("/v1/session", headers=headers)
            assert answer.status_code == 403
            assert answer.json()["type"].endswith("csrf-token-missing")
        assert (await mine.get("/v1/session")).status_code == 200
        assert (await mine.delete("/v1/session", headers={"X-CSRF-Token": good})).status_code == 204

    async def test_the_token_of_another_session_does_not_do(self, app: Litestar, someone: Someone) -> None:
        mine, other = await sign_in(app, someone.email), await sign_in(app, someone.email)
        answer = await mine.delete("/v1/session", headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]})
        assert answer.status_code == 403


class TestLimits:
    async def test_more_passwords_than_may_wait_are_sent_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from infra.errors import Unavailable

        monkeypatch.setattr(credentials, "MAX_WAITING", 3)
        passwords = credentials.Passwords()
        answers = await asyncio.gather(
            *(passwords.check(None, "x") for _ in range(6)), return_exceptions=True
        )
        passwords.close()
        assert [answer for answer in answers if answer is False] == [False] * 3
        assert sum(isinstance(answer, Unavailable) for answer in answers) == 3

    async def test_a_person_keeps_a_bounded_number_of_sessions(self, app: Litestar, someone: Someone) -> None:
        first = await sign_in(app, someone.email)
        for _ in range(domain.MAX_SESSIONS_PER_PERSON):
            await sign_in(app, someone.email)
        assert (await first.get("/v1/session")).status_code == 401


class TestEnds:
    async def change(self, sessions: SessionMaker, client: httpx.AsyncClient, **values: object) -> None:
        token = client.cookies["market_session"]
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(SignInSession)
                .where(col(SignInSession.token_digest) == credentials.digest(token))
                .values(**values)
            )

    async def test_after_its_hours_and_when_idle(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        for values in (
            {"expires_at": sa.func.now()},
            {"last_used_at": sa.func.now() - timedelta(minutes=60)},
        ):
            mine = await sign_in(app, someone.email)
            await self.change(sessions, mine, **values)
            assert (await mine.get("/v1/session")).status_code == 401

    async def test_use_keeps_it_alive(self, app: Litestar, someone: Someone, sessions: SessionMaker) -> None:
        mine = await sign_in(app, someone.email)
        await self.change(sessions, mine, last_used_at=sa.func.now() - timedelta(minutes=59))
        assert (await mine.get("/v1/session")).status_code == 200
        async with transaction(sessions) as session:
            row = (
                await session.exec(
                    select(SignInSession).where(
                        col(SignInSession.token_digest) == credentials.digest(mine.cookies["market_session"])
                    )
                )
            ).one()
            assert await now(session) - row.last_used_at < timedelta(minutes=1)

    async def test_a_suspended_organisation_reads_and_changes_nothing_at_once(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        mine = await sign_in(app, someone.email)
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Organisation)
                .where(col(Organisation.id) == someone.organisation_id)
                .values(status=OrganisationStatus.SUSPENDED)
            )
        assert (await mine.get("/v1/session")).json()["organisation"]["status"] == "suspended"
        assert (await attempt(browser(app), someone.email)).status_code == 201
        invitations = f"/v1/organisations/{someone.organisation_id}/invitations"
        answer = await mine.post(invitations, json={"email": "x@y.example", "roles": ["data_operator"]})
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("organisation-suspended")
        # A public route still answers.
        assert (await mine.get("/.well-known/jwks.json")).status_code == 200

    async def test_a_stale_cookie_does_not_keep_from_signing_in(
        self, app: Litestar, someone: Someone
    ) -> None:
        mine = browser(app)
        mine.cookies.set("market_session", "stale")
        assert (await attempt(mine, someone.email)).status_code == 201

    async def test_sweeping_forgets_what_has_run_out(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        mine, other = await sign_in(app, someone.email), await sign_in(app, someone.email)
        await self.change(sessions, mine, expires_at=sa.func.now() - timedelta(seconds=1))
        async with transaction(sessions) as session:
            await credential_repository.sweep(session)
            left = await session.scalar(
                sa.select(sa.func.count())
                .select_from(SignInSession)
                .join(Membership, col(Membership.id) == col(SignInSession.membership_id))
                .where(col(Membership.person_id) == someone.id)
            )
        assert left == 1
        assert (await other.get("/v1/session")).status_code == 200


class TestPasswordChange:
    NEW = "another quiet river"

    async def test_every_session_ends_and_this_one_goes_on(self, app: Litestar, someone: Someone) -> None:
        mine, other = await sign_in(app, someone.email), await sign_in(app, someone.email)
        before = mine.cookies["market_session"]
        answer = await mine.put(
            "/v1/session/password", json={"current_password": PASSWORD, "new_password": self.NEW}
        )
        assert answer.status_code == 200, answer.text
        assert mine.cookies["market_session"] != before
        assert answer.json()["csrf_token"] != mine.headers["X-CSRF-Token"]
        assert (await mine.get("/v1/session")).status_code == 200
        assert (await other.get("/v1/session")).status_code == 401
        assert (await attempt(browser(app), someone.email)).status_code == 401
        assert (await attempt(browser(app), someone.email, self.NEW)).status_code == 201

    async def test_the_present_password_is_asked_for(self, app: Litestar, someone: Someone) -> None:
        mine = await sign_in(app, someone.email)
        answer = await mine.put(
            "/v1/session/password", json={"current_password": "not mine at all", "new_password": self.NEW}
        )
        assert answer.status_code == 401
        assert answer.json()["detail"] == "The present password is wrong."
        assert (await mine.get("/v1/session")).status_code == 200

    @pytest.mark.parametrize("new", ["short", PASSWORD, "aaaaaaaaaaaaaaaa"])
    async def test_a_weak_one_is_refused(self, app: Litestar, someone: Someone, new: str) -> None:
        mine = await sign_in(app, someone.email)
        answer = await mine.put(
            "/v1/session/password", json={"current_password": PASSWORD, "new_password": new}
        )
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("weak-password")

    async def test_an_older_hash_is_renewed_at_sign_in(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        from argon2 import PasswordHasher

        weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Person).where(col(Person.id) == someone.id).values(password_hash=weak)
            )
        await sign_in(app, someone.email)
        async with transaction(sessions) as session:
            renewed = await session.get(Person, someone.id)
        assert renewed is not None
        assert renewed.password_hash != weak
        await sign_in(app, someone.email)

    async def test_whoever_signs_in_while_it_is_renewed_is_let_in(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Person).where(col(Person.id) == someone.id).values(password_hash=weak)
            )
        clients = [browser(app) for _ in range(4)]
        answers = await asyncio.gather(*(attempt(client, someone.email) for client in clients))
        assert [answer.status_code for answer in answers] == [201] * 4
        for client in clients:
            await client.aclose()
