"""Limits on guessing: whom they stop, and above all whom they do not."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, create_engine, create_sessions, now, transaction
from infra.identity import attempt_repository, attempts, credentials, domain
from infra.identity.attempts import Throttle
from infra.identity.devices import DEVICE_COOKIE, DeviceCookies
from infra.identity.domain import Budget
from infra.identity.tables import AttemptBudget, SignInAttempts
from tests.support.database import TestDatabase
from tests.support.people import PASSWORD, Someone, make_client, make_organisation, make_person

WRONG = "wrong one, sorry"


@pytest.fixture
async def someone(sessions: SessionMaker) -> Someone:
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    return await make_person(sessions, organisation_id, [Role.BUYER])


def at(app: Litestar, address: str) -> httpx.AsyncClient:
    """A browser that calls from an address."""
    transport = httpx.ASGITransport(app=app, client=(address, 1))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://market.test")


def fresh_address() -> str:
    return ".".join(["198", *(str(secrets.randbelow(256)) for _ in range(3))])


async def attempt(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/v1/session", json={"email": email, "password": password})


async def expect(client: httpx.AsyncClient, email: str, password: str, *statuses: int) -> None:
    got = [(await attempt(client, email, password)).status_code for _ in statuses]
    assert got == list(statuses)


class TestAccountAndSource:
    async def test_ten_wrong_passwords_lock_only_where_they_come_from(
        self, app: Litestar, someone: Someone
    ) -> None:
        thief, owner = at(app, fresh_address()), at(app, fresh_address())
        await expect(thief, someone.email, WRONG, *[401] * domain.FREE_FAILURES, 429, 429)
        locked = await attempt(thief, someone.email)
        assert locked.status_code == 429
        assert locked.json()["type"].endswith("too-many-sign-in-attempts")
        assert 1 <= int(locked.headers["retry-after"]) <= domain.FIRST_LOCK_SECONDS
        await expect(owner, someone.email, PASSWORD, 201)

    async def test_the_lock_ends_and_the_right_password_starts_anew(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        client = at(app, fresh_address())
        await expect(client, someone.email, WRONG, *[401] * domain.FREE_FAILURES, 429)
        async with transaction(sessions) as session:
            await session.execute(sa.update(SignInAttempts).values(locked_until=sa.func.now()))
        await expect(client, someone.email, PASSWORD, 201)
        client.cookies.clear()
        await expect(client, someone.email, WRONG, 401)
        await expect(client, someone.email, PASSWORD, 201)

    async def test_an_unknown_address_is_locked_alike(self, app: Litestar) -> None:
        client, email = at(app, fresh_address()), f"nobody{secrets.token_hex(4)}@people.example"
        await expect(client, email, WRONG, *[401] * domain.FREE_FAILURES, 429)

    async def test_one_ipv6_site_is_one_source(self, app: Litestar, someone: Someone) -> None:
        site = f"2001:db8:{secrets.token_hex(2)}:1"
        for number in range(domain.FREE_FAILURES):
            await expect(at(app, f"{site}::{number:x}"), someone.email, WRONG, 401)
        await expect(at(app, f"{site}:ffff::1"), someone.email, PASSWORD, 429)

    async def test_attempts_at_once_do_not_slip_past_the_limit(self, sessions: SessionMaker) -> None:
        subject = credentials.digest(secrets.token_hex())

        async def begin() -> bool:
            async with transaction(sessions) as session:
                return await attempt_repository.begin_attempt(session, subject) is not None

        admitted = await asyncio.gather(*(begin() for _ in range(25)))
        assert sum(admitted) == domain.FREE_FAILURES

    async def test_a_lock_grows_and_stays_bounded(self, sessions: SessionMaker) -> None:
        subject, seen = credentials.digest(secrets.token_hex()), []
        for number in range(domain.FREE_FAILURES + 8):
            async with transaction(sessions) as session:
                assert await attempt_repository.begin_attempt(session, subject) == number + 1
                seen.append(await attempt_repository.seconds_locked(session, subject))
                await session.execute(sa.update(SignInAttempts).values(locked_until=sa.func.now()))
        assert seen[domain.FREE_FAILURES - 1 :][:5] == [30, 60, 120, 240, 480]
        assert seen[-1] == domain.MAX_LOCK_SECONDS


class TestKnownDevices:
    async def test_a_flood_from_everywhere_does_not_keep_a_known_device_out(
        self, app: Litestar, someone: Someone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(domain, "NEW_SOURCES", Budget(burst=20, seconds_each=60))
        monkeypatch.setattr(domain, "REPEATED_SOURCES", Budget(burst=20, seconds_each=60))
        mine = at(app, fresh_address())
        await expect(mine, someone.email, PASSWORD, 201)
        cookie = next(cookie for cookie in mine.cookies.jar if cookie.name == DEVICE_COOKIE)
        mine.cookies.delete("market_session")
        thieves = [at(app, fresh_address()) for _ in range(30)]
        answers = [(await attempt(thief, someone.email, WRONG)).status_code for thief in thieves]
        assert answers.count(401) == 19  # the owner's own first sign-in was the twentieth
        assert answers.count(429) == 11
        # Somebody new meets the brake that the flood has drawn; the known device does not, from wherever it calls.
        stranger = at(app, fresh_address())
        await expect(stranger, someone.email, PASSWORD, 429)
        elsewhere = at(app, fresh_address())
        elsewhere.cookies.set(DEVICE_COOKIE, str(cookie.value))
        await expect(elsewhere, someone.email, PASSWORD, 201)

    async def test_new_sources_pass_where_a_few_flood(
        self, app: Litestar, someone: Someone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(domain, "REPEATED_SOURCES", Budget(burst=5, seconds_each=60))
        thieves = [at(app, fresh_address()) for _ in range(5)]
        for _ in range(4):
            answers = [(await attempt(thief, someone.email, WRONG)).status_code for thief in thieves]
        assert answers == [429] * 5
        await expect(at(app, fresh_address()), someone.email, PASSWORD, 201)

    async def test_refusals_by_the_brake_do_not_count_as_wrong(
        self, app: Litestar, someone: Someone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(domain, "NEW_SOURCES", Budget(burst=1, seconds_each=60))
        await expect(at(app, fresh_address()), someone.email, WRONG, 401)
        mine = at(app, fresh_address())
        await expect(mine, someone.email, PASSWORD, *[429] * (domain.FREE_FAILURES + 2))
        monkeypatch.setattr(domain, "NEW_SOURCES", Budget(burst=5, seconds_each=60))
        await expect(mine, someone.email, PASSWORD, 201)

    async def test_its_own_wrong_passwords_lock_it(self, app: Litestar, someone: Someone) -> None:
        mine, source = at(app, fresh_address()), fresh_address()
        await expect(mine, someone.email, PASSWORD, 201)
        await expect(mine, someone.email, WRONG, *[401] * domain.FREE_FAILURES, 429)
        # Another device of the same account goes on, and so does a new one.
        await expect(at(app, source), someone.email, PASSWORD, 201)

    async def test_it_is_known_for_its_own_account_only(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        other = await make_person(sessions, someone.organisation_id, [Role.BUYER])
        thief = at(app, fresh_address())
        await expect(thief, other.email, PASSWORD, 201)
        await expect(thief, someone.email, WRONG, *[401] * domain.FREE_FAILURES, 429)
        # Were the device known, it would be counted by device: from another address it would be locked as well.
        thief.cookies.delete("market_session")
        again = at(app, fresh_address())
        again.cookies.update(thief.cookies)
        await expect(again, someone.email, WRONG, 401)

    async def test_a_change_of_password_forgets_devices_but_the_one_it_is_made_on(
        self, app: Litestar, someone: Someone
    ) -> None:
        here, there = at(app, fresh_address()), at(app, fresh_address())
        await expect(there, someone.email, PASSWORD, 201)
        signed_in = await attempt(here, someone.email)
        changed = await here.put(
            "/v1/session/password",
            json={"current_password": PASSWORD, "new_password": "a loud brook in the morning"},
            headers={"X-CSRF-Token": signed_in.json()["csrf_token"]},
        )
        assert changed.status_code == 200, changed.text
        devices: DeviceCookies = app.state.identity.devices
        async with transaction(app.state.sessions) as session:
            person = (
                await session.execute(
                    sa.text("SELECT password_changed_at, now() FROM people WHERE id = :id"),
                    {"id": someone.id},
                )
            ).one()
        for client, known in ((here, True), (there, False)):
            device = devices.read(client.cookies[DEVICE_COOKIE])
            assert device is not None
            assert device.knows({someone.id: person[0]}, person[1]) is known
            assert not device.knows({uuid4(): person[0]}, person[1])
            assert not device.knows({someone.id: person[0]}, person[1] + timedelta(days=181))

    async def test_the_cookie_is_kept_from_scripts_and_foreign_pages(
        self, app: Litestar, someone: Someone
    ) -> None:
        answer = await attempt(at(app, fresh_address()), someone.email)
        (cookie,) = [text for text in answer.headers.get_list("set-cookie") if text.startswith(DEVICE_COOKIE)]
        assert {"httponly", "samesite=strict", "path=/v1"} <= set(cookie.lower().split("; "))
        assert someone.email not in cookie

    @pytest.mark.parametrize("value", ["", "x", "A" * 96, "é", "=" * 96, "A" * 5_000])
    def test_what_we_did_not_make_is_nothing(self, value: str) -> None:
        assert DeviceCookies(bytes(32)).read(value) is None

    async def test_a_changed_cookie_is_nothing(self, session: SessionMaker) -> None:
        ours, moment = DeviceCookies(bytes(32)), await now(session)  # type: ignore[arg-type]
        value = ours.make(uuid4(), moment, None)
        assert ours.read(value) is not None
        assert DeviceCookies(bytes(31) + b"x").read(value) is None
        for place in range(0, len(value), 7):
            other = "B" if value[place] == "A" else "A"
            assert ours.read(value[:place] + other + value[place + 1 :]) is None


@pytest.fixture
def strict(app: Litestar, monkeypatch: pytest.MonkeyPatch) -> Iterator[Throttle]:
    """The application's limits with a budget of one a minute, so that none comes back meanwhile, twenty at once."""
    throttle: Throttle = app.state.identity.throttle
    monkeypatch.setattr(throttle, "_source", Budget(burst=20, seconds_each=60))
    monkeypatch.setattr(attempts, "_HELD_SECONDS", 0.05)
    yield throttle
    throttle._refused.clear()


@pytest.mark.usefixtures("strict")
class TestSources:
    async def test_one_source_guesses_a_few_times_over_all_accounts(self, app: Litestar) -> None:
        thief = at(app, fresh_address())
        answers = [
            await attempt(thief, f"nobody{secrets.token_hex(6)}@people.example", WRONG) for _ in range(8)
        ]
        assert [answer.status_code for answer in answers] == [401] * 4 + [429] * 4
        refused = answers[-1]
        assert refused.json()["type"].endswith("too-many-attempts-from-network")
        assert 1 <= int(refused.headers["retry-after"]) <= 300
        assert "devices on which you have signed in before" in refused.json()["remedy"]

    async def test_others_go_on(self, app: Litestar, someone: Someone) -> None:
        thief = at(app, fresh_address())
        for _ in range(8):
            await attempt(thief, f"nobody{secrets.token_hex(6)}@people.example", WRONG)
        await expect(at(app, fresh_address()), someone.email, PASSWORD, 201)

    async def test_a_known_device_behind_the_same_address_goes_on(
        self, app: Litestar, someone: Someone
    ) -> None:
        office = fresh_address()
        mine, thief = at(app, office), at(app, office)
        await expect(mine, someone.email, PASSWORD, 201)
        for _ in range(8):
            last = await attempt(thief, f"nobody{secrets.token_hex(6)}@people.example", WRONG)
        assert last.status_code == 429
        mine.cookies.delete("market_session")
        await expect(mine, someone.email, PASSWORD, 201)

    async def test_right_passwords_cost_little_and_not_nothing(self, app: Litestar, someone: Someone) -> None:
        office = fresh_address()
        answers = [(await attempt(at(app, office), someone.email)).status_code for _ in range(24)]
        assert answers == [201] * 20 + [429] * 4

    async def test_a_refused_source_is_told_so_without_the_database(
        self, app: Litestar, someone: Someone, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        thief = at(app, fresh_address())
        for _ in range(8):
            await attempt(thief, someone.email, WRONG)
        monkeypatch.setattr(app.state.identity.throttle, "_sessions", None)
        with counted_statements() as statements:
            assert (await attempt(thief, someone.email, WRONG)).status_code == 429
        assert statements == []

    async def test_wrong_secrets_of_programs(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        client_id, secret = await make_client(sessions, someone, [Role.BUYER])
        thief, program = at(app, fresh_address()), at(app, fresh_address())

        async def ask(client: httpx.AsyncClient, secret: str) -> httpx.Response:
            form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
            return await client.post("/oauth/token", data=form)

        answers = [await ask(thief, "wrong") for _ in range(7)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
        assert answers[-1].json()["error"] == "temporarily_unavailable"
        assert int(answers[-1].headers["retry-after"]) >= 1
        # Right ones cost nothing, however many.
        assert {(await ask(program, secret)).status_code for _ in range(30)} == {200}

    async def test_wrong_invitation_tokens(self, app: Litestar) -> None:
        thief = at(app, fresh_address())
        body = {"token": "x" * 43, "name": "A", "password": PASSWORD}
        answers = [(await thief.post("/v1/invitations/acceptance", json=body)).status_code for _ in range(7)]
        assert answers == [404] * 5 + [429] * 2

    async def test_a_forged_forwarded_for_is_not_believed(self, app: Litestar) -> None:
        thief = at(app, fresh_address())
        for _ in range(8):
            answer = await thief.post(
                "/v1/session",
                json={"email": f"nobody{secrets.token_hex(6)}@people.example", "password": WRONG},
                headers={"X-Forwarded-For": fresh_address(), "Forwarded": f"for={fresh_address()}"},
            )
        assert answer.status_code == 429


class TestProcesses:
    @pytest.fixture
    async def other(self, database: TestDatabase) -> AsyncIterator[SessionMaker]:
        engine = create_engine(database.service_url)
        yield create_sessions(engine)
        await engine.dispose()

    async def test_budgets_are_the_same_in_all(self, sessions: SessionMaker, other: SessionMaker) -> None:
        subject, budget = credentials.digest(secrets.token_hex()), Budget(burst=10, seconds_each=60)

        async def spend(maker: SessionMaker) -> float:
            async with transaction(maker) as session:
                return await attempt_repository.spend(session, subject, budget)

        waits = await asyncio.gather(*(spend(maker) for maker in [sessions, other] * 8))
        assert sum(wait == 0 for wait in waits) == 10
        # A transaction that began a moment before the first to commit waits that moment longer.
        assert all(0 < wait < 61 for wait in waits if wait)

    async def test_a_budget_fills_again(self, sessions: SessionMaker) -> None:
        subject, budget = credentials.digest(secrets.token_hex()), Budget(burst=3, seconds_each=60)
        async with transaction(sessions) as session:
            assert await attempt_repository.spend(session, subject, budget, 3) == 0
            await attempt_repository.charge(session, subject, budget, 100)
            assert await attempt_repository.spend(session, subject, budget) > 0
            await session.execute(
                sa.update(AttemptBudget)
                .where(col(AttemptBudget.subject) == subject)
                .values(spent_until=col(AttemptBudget.spent_until) - timedelta(seconds=61))
            )
            assert await attempt_repository.spend(session, subject, budget) == 0
            assert await attempt_repository.spend(session, subject, budget) > 0

    async def test_what_says_nothing_any_more_is_deleted(
        self, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old, new, gone = (credentials.digest(secrets.token_hex()) for _ in range(3))
        async with transaction(sessions) as session:
            for subject in (old, new):
                await attempt_repository.begin_attempt(session, subject)
            await attempt_repository.spend(session, gone, Budget(burst=1, seconds_each=0.000001))
            await session.execute(
                sa.update(SignInAttempts)
                .where(col(SignInAttempts.subject) == old)
                .values(last_at=sa.func.now() - timedelta(hours=25))
            )
        async with transaction(sessions) as session:
            await attempt_repository.sweep(session)
            subjects = set(await session.scalars(sa.select(col(SignInAttempts.subject))))
            budgets = set(await session.scalars(sa.select(col(AttemptBudget.subject))))
            assert new in subjects
            assert old not in subjects
            assert gone not in budgets
            monkeypatch.setattr(domain, "MAX_ATTEMPT_ROWS", 1)
            await attempt_repository.sweep(session)
            assert await session.scalar(sa.select(sa.func.count()).select_from(SignInAttempts)) == 1


class TestConstantWork:
    """Counted, since time is not the same twice; see the decision record for what was measured."""

    async def test_an_unknown_address_takes_the_same_statements_and_the_same_hash(
        self, app: Litestar, someone: Someone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashed: list[bool] = []
        real = credentials._matches

        def matches(password_hash: str, password: str) -> bool:
            hashed.append(password_hash.startswith("$argon2id$"))
            return real(password_hash, password)

        monkeypatch.setattr(credentials, "_matches", matches)
        seen, answers = [], []
        for email in (someone.email, f"nobody{secrets.token_hex(4)}@people.example"):
            client = at(app, fresh_address())
            with counted_statements() as statements:
                answers.append(await attempt(client, email, WRONG))
            seen.append(list(statements))
        assert seen[0] == seen[1]
        assert len(seen[0]) > 4
        assert hashed == [True, True]
        known, unknown = answers
        assert known.json() == unknown.json()
        assert {name for name, _ in known.headers.items()} == {name for name, _ in unknown.headers.items()}

    async def test_an_unknown_program_takes_the_same_statements(
        self, app: Litestar, someone: Someone, sessions: SessionMaker
    ) -> None:
        client_id, _ = await make_client(sessions, someone, [Role.BUYER])
        seen, bodies = [], []
        for name in (client_id, str(UUID(int=secrets.randbits(128)))):
            with counted_statements() as statements:
                answer = await at(app, fresh_address()).post(
                    "/oauth/token",
                    data={"grant_type": "client_credentials", "client_id": name, "client_secret": "x"},
                )
            bodies.append((answer.status_code, answer.json()))
            seen.append(list(statements))
        assert seen[0] == seen[1]
        assert bodies[0] == bodies[1]


class counted_statements:  # noqa: N801 -- used like a function
    """Every SQL statement that is sent from inside the block, and none of what the application does beside it."""

    _ours: ClassVar[ContextVar[list[str] | None]] = ContextVar("counted_statements", default=None)

    def __enter__(self) -> list[str]:
        statements: list[str] = []
        self._token = self._ours.set(statements)
        sa.event.listen(sa.Engine, "before_cursor_execute", self._seen)
        return statements

    def __exit__(self, *_: object) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._seen)
        self._ours.reset(self._token)

    def _seen(self, _: object, __: object, statement: str, *___: object) -> None:
        statements = self._ours.get()
        if statements is not None:
            statements.append(statement)
