"""The second factor over HTTP: enrolled, asked for in a second step, taken once, lost and found."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col, select

from infra.auth import OrganisationKind, Permission, Role
from infra.db import SessionMaker, transaction
from infra.identity.domain import FREE_FAILURES, needs_second_factor
from infra.identity.tables import RecoveryCode, TotpFactor
from infra.settings import Settings
from market.app import create_app
from tests.support.application import running
from tests.support.database import TestDatabase
from tests.support.people import PASSWORD, Someone, browser, make_organisation, make_person, sign_in
from tests.support.problems import slug
from tests.support.routes import handlers, permissions
from tests.support.totp import Phone, code_at, enrol, first_step, second_step

PATH = "/v1/session/second-factor"


@pytest.fixture
async def mine(app: Litestar, someone: Someone) -> AsyncIterator[httpx.AsyncClient]:
    made = await sign_in(app, someone.email)
    yield made
    await made.aclose()


@pytest.fixture
async def phone(mine: httpx.AsyncClient) -> Phone:
    return await enrol(mine)


class TestEnrolment:
    async def test_confirmed_by_a_first_code_it_is_asked_for_and_other_sessions_end(
        self, app: Litestar, mine: httpx.AsyncClient, someone: Someone, sessions: SessionMaker
    ) -> None:
        other = await sign_in(app, someone.email)
        assert (await mine.get(PATH)).json() == {
            "enrolled_at": None,
            "recovery_codes_left": 0,
            "mandatory": False,
        }
        begun = (await mine.post(f"{PATH}/enrolment", json={"current_password": PASSWORD})).json()
        assert begun["otpauth_uri"].startswith("otpauth://totp/")
        # Nothing changes before the first code.
        assert (await mine.get(PATH)).json()["enrolled_at"] is None
        wrong = await mine.post(f"{PATH}/confirmation", json={"code": "000000"})
        assert (wrong.status_code, slug(wrong.json())) == (401, "wrong-code")
        phone = Phone(begun["secret"])
        codes = (await mine.post(f"{PATH}/confirmation", json={"code": phone.code()})).json()
        assert len(codes["recovery_codes"]) == 10
        assert (await mine.get("/v1/session")).json()["second_factor"] == "passed"
        assert (await other.get("/v1/session")).status_code == 401
        async with transaction(sessions) as session:
            kept = (
                await session.execute(
                    sa.text("SELECT secret FROM totp_factors WHERE person_id = :id"), {"id": someone.id}
                )
            ).scalar_one()
            assert begun["secret"] not in kept
            digests = await session.execute(
                select(RecoveryCode.code_digest).where(col(RecoveryCode.person_id) == someone.id)
            )
            assert all(len(digest) == 32 for digest in digests.scalars())

    async def test_an_open_session_alone_enrols_nobody(self, mine: httpx.AsyncClient) -> None:
        refused = await mine.post(f"{PATH}/enrolment", json={"current_password": "not this one, sorry"})
        assert (refused.status_code, slug(refused.json())) == (401, "wrong-credentials")
        nothing = await mine.post(f"{PATH}/confirmation", json={"code": "123456"})
        assert (nothing.status_code, slug(nothing.json())) == (409, "no-enrolment")

    async def test_another_phone_takes_a_code_of_the_first(
        self, app: Litestar, mine: httpx.AsyncClient, phone: Phone, someone: Someone
    ) -> None:
        refused = await mine.post(f"{PATH}/enrolment", json={"current_password": PASSWORD})
        assert (refused.status_code, slug(refused.json())) == (409, "second-factor-enrolled")
        new = await enrol(mine, code=phone.recovery_codes[0])
        again = await first_step(app, someone.email)
        assert (await second_step(again, phone.code())).status_code == 401
        assert (await second_step(again, new.code())).status_code == 200

    async def test_a_program_has_none(self, app: Litestar, sessions: SessionMaker, someone: Someone) -> None:
        from tests.support.people import make_client

        client_id, secret = await make_client(sessions, someone, [Role.BUYER])
        program = browser(app)
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        token = (await program.post("/oauth/token", data=form)).json()["access_token"]
        answer = await program.get(PATH, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, slug(answer.json())) == (409, "not-a-person")


class TestTwoSteps:
    async def test_the_password_alone_opens_nothing(
        self, app: Litestar, phone: Phone, someone: Someone
    ) -> None:
        theirs = await first_step(app, someone.email)
        assert "market_device" not in theirs.cookies
        shown = (await theirs.get("/v1/session")).json()
        assert shown["second_factor"] == "code_required"
        assert shown["permissions"] == ["session.own"]
        for (method, path), handler in handlers(app):
            wanted = permissions(handler)
            if not wanted or wanted == {Permission.SESSION_OWN}:
                continue
            address = re.sub(r"\{[^}]*:uuid\}", lambda _: str(uuid4()), path)
            address = re.sub(r"\{[^}]*\}", "1", address)
            answer = await theirs.request(method, address, json=None if method == "GET" else {})
            assert answer.status_code == 403, (method, path, answer.text)
            if method == "HEAD":
                continue
            assert slug(answer.json()) == "second-factor-required", (method, path)
            assert f"POST {PATH}" in answer.json()["remedy"]

    async def test_the_way_round_by_a_change_of_password_is_closed(
        self, app: Litestar, phone: Phone, someone: Someone
    ) -> None:
        thief = await first_step(app, someone.email)
        body = {"current_password": PASSWORD, "new_password": "seventeen green lanterns upstairs"}
        answer = await thief.put("/v1/session/password", json=body)
        assert (answer.status_code, slug(answer.json())) == (403, "second-factor-required")
        enrolment = await thief.post(f"{PATH}/enrolment", json={"current_password": PASSWORD})
        assert (enrolment.status_code, slug(enrolment.json())) == (403, "second-factor-required")

    async def test_with_the_code_a_session_of_its_own_opens(
        self, app: Litestar, phone: Phone, someone: Someone, sessions: SessionMaker
    ) -> None:
        theirs = await first_step(app, someone.email)
        before, csrf = theirs.cookies["market_session"], theirs.headers["X-CSRF-Token"]
        answer = await second_step(theirs, phone.code())
        assert answer.status_code == 200
        assert answer.json()["second_factor"] == "passed"
        assert "order.place" in answer.json()["permissions"]
        assert theirs.cookies["market_session"] != before
        assert "market_device" in theirs.cookies
        headers = {"Cookie": f"market_session={before}", "X-CSRF-Token": csrf}
        assert (await browser(app).get("/v1/session", headers=headers)).status_code == 401
        again = await second_step(theirs, phone.code())
        assert (again.status_code, slug(again.json())) == (409, "no-code-awaited")
        async with sessions() as session:
            entries = await session.execute(
                sa.text(
                    "SELECT action, detail FROM audit_entries WHERE subject_id = :id ORDER BY id DESC LIMIT 2"
                ),
                {"id": someone.id},
            )
            assert [tuple(row) for row in entries] == [
                ("session.opened", {"second_factor": "totp"}),
                ("session.code_awaited", {}),
            ]

    async def test_a_code_is_taken_once_and_none_before_it(
        self, app: Litestar, phone: Phone, someone: Someone
    ) -> None:
        first, second = [await first_step(app, someone.email) for _ in range(2)]
        older = code_at(phone.secret, phone.now())
        newer = code_at(phone.secret, phone.now() + 1)
        assert (await second_step(first, newer)).status_code == 200
        for code in (newer, older):
            replayed = await second_step(second, code)
            assert (replayed.status_code, slug(replayed.json())) == (401, "wrong-code")

    async def test_who_waits_pushes_no_session_out(
        self, app: Litestar, mine: httpx.AsyncClient, phone: Phone, someone: Someone
    ) -> None:
        for _ in range(22):
            await (await first_step(app, someone.email)).aclose()
        assert (await mine.get("/v1/session")).status_code == 200


class TestRecoveryCodes:
    async def test_each_stands_in_for_the_phone_once(
        self, app: Litestar, mine: httpx.AsyncClient, phone: Phone, someone: Someone
    ) -> None:
        code = phone.recovery_codes[3]
        theirs, thief = [await first_step(app, someone.email) for _ in range(2)]
        assert (await second_step(theirs, code.upper().replace("-", " "))).status_code == 200
        assert (await second_step(thief, code)).status_code == 401
        assert (await mine.get(PATH)).json()["recovery_codes_left"] == 9

    async def test_of_two_at_once_one_gets_in(self, app: Litestar, phone: Phone, someone: Someone) -> None:
        both = [await first_step(app, someone.email) for _ in range(2)]
        answers = await asyncio.gather(*(second_step(each, phone.recovery_codes[0]) for each in both))
        assert sorted(answer.status_code for answer in answers) == [200, 401]

    async def test_new_ones_end_the_old(
        self, app: Litestar, mine: httpx.AsyncClient, phone: Phone, someone: Someone
    ) -> None:
        wrong = await mine.post(f"{PATH}/recovery-codes", json={"code": "000000"})
        assert wrong.status_code == 401
        fresh = (await mine.post(f"{PATH}/recovery-codes", json={"code": phone.recovery_codes[0]})).json()
        theirs = await first_step(app, someone.email)
        assert (await second_step(theirs, phone.recovery_codes[1])).status_code == 401
        assert (await second_step(theirs, fresh["recovery_codes"][1])).status_code == 200

    async def test_removed_with_a_code_the_password_is_enough_again(
        self, app: Litestar, mine: httpx.AsyncClient, phone: Phone, someone: Someone
    ) -> None:
        assert (await mine.post(f"{PATH}/removal", json={"code": "000000"})).status_code == 401
        assert (await mine.post(f"{PATH}/removal", json={"code": phone.code()})).status_code == 204
        again = await sign_in(app, someone.email)
        assert (await again.get("/v1/session")).json()["second_factor"] == "not_enrolled"
        missing = await again.post(f"{PATH}/removal", json={"code": "000000"})
        assert (missing.status_code, slug(missing.json())) == (409, "no-second-factor")


class TestGuessing:
    async def test_a_thief_of_the_password_guesses_a_few_and_the_owner_gets_in(
        self, app: Litestar, mine: httpx.AsyncClient, phone: Phone, someone: Someone, sessions: SessionMaker
    ) -> None:
        known = await first_step(app, someone.email)
        assert (await second_step(known, phone.code())).status_code == 200
        device = known.cookies["market_device"]
        thief = await first_step(app, someone.email)
        right = {code_at(phone.secret, phone.now() + step) for step in range(-2, 4)}
        guesses = [code for code in (f"{number:06}" for number in range(100)) if code not in right]
        statuses = [(await second_step(thief, guess)).status_code for guess in guesses[: FREE_FAILURES + 3]]
        assert statuses == [401] * FREE_FAILURES + [429] * 3
        # Another browser, another session: the account waits, not the session.
        elsewhere = await first_step(app, someone.email)
        refused = await second_step(elsewhere, phone.recovery_codes[0])
        assert (refused.status_code, slug(refused.json())) == (429, "too-many-codes")
        assert int(refused.headers["Retry-After"]) > 0
        # The owner's own device is counted apart.
        owner = browser(app)
        owner.cookies.set("market_device", device, domain="market.test", path="/v1")
        answer = await owner.post("/v1/session", json={"email": someone.email, "password": PASSWORD})
        owner.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        assert (await second_step(owner, phone.recovery_codes[0])).status_code == 200
        async with sessions() as session:
            refusals = await session.execute(
                sa.text(
                    "SELECT count(*) FROM audit_entries WHERE subject_id = :id AND action = 'second_factor.refused'"
                ),
                {"id": someone.id},
            )
            assert refusals.scalar_one() == FREE_FAILURES

    async def test_codes_are_bounded_over_a_day_whatever_the_pauses(
        self, app: Litestar, phone: Phone, someone: Someone, sessions: SessionMaker
    ) -> None:
        thief = await first_step(app, someone.email)
        statuses = []
        for _ in range(30):
            answer = await second_step(thief, "zzzz-zzzz-zzzz-zzzz")
            statuses.append(answer.status_code)
            async with transaction(sessions) as session:  # as if the lock had run out
                await session.execute(
                    sa.text("UPDATE sign_in_attempts SET locked_until = now() - interval '1 s'")
                )
        assert statuses.count(401) == 20
        assert statuses[-1] == 429


SECOND_STEP = """
import asyncio, json, sys
import httpx
from infra.settings import Settings
from market.app import create_app
from tests.support.application import running

async def main():
    given = json.loads(sys.argv[1])
    app = create_app(Settings(_env_file=None, **given["settings"]))
    async with running(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://market.test") as client:
            client.headers.update(given["headers"])
            print("ready", flush=True)
            code = sys.stdin.readline().strip()
            answer = await client.post("/v1/session/second-factor", json={"code": code})
            print(answer.status_code, flush=True)

asyncio.run(main())
"""


async def test_of_two_processes_that_are_shown_one_code_one_takes_it(
    app: Litestar, settings: Settings, database: TestDatabase, phone: Phone, someone: Someone
) -> None:
    mine, theirs = [await first_step(app, someone.email) for _ in range(2)]
    given = {
        "settings": {
            "data_dir": str(settings.data_dir),
            "database_url": database.owner_url,
            "database_service_url": database.service_url,
            "public_base_url": "http://market.test",
            "log_level": "ERROR",
            "metrics_port": 0,
            "worker_metrics_port": 0,
        },
        "headers": {
            "Cookie": f"market_session={theirs.cookies['market_session']}",
            "X-CSRF-Token": theirs.headers["X-CSRF-Token"],
        },
    }
    other = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SECOND_STEP,
        json.dumps(given),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert await other.stdout.readline() == b"ready\n"
    code = phone.code()
    other.stdin.write(f"{code}\n".encode())
    here, there = await asyncio.gather(second_step(mine, code), other.stdout.readline())
    assert sorted([here.status_code, int(there)]) == [200, 401]
    await other.wait()


@pytest.fixture(scope="module")
async def strict(settings: Settings) -> AsyncIterator[Litestar]:
    """The application as it is served behind https: officers need a second factor."""
    made = create_app(
        settings.model_copy(
            update={"second_factor_roles": "finance_officer,platform_admin,regulator_officer"}
        )
    )
    async with running(made):
        yield made


class TestMandatory:
    @pytest.mark.parametrize(
        ("kind", "roles"),
        [
            (OrganisationKind.REGULATOR, [Role.REGULATOR_OFFICER]),
            (OrganisationKind.PLATFORM, [Role.FINANCE_OFFICER]),
            (OrganisationKind.PLATFORM, [Role.ORGANISATION_ADMIN]),
        ],
    )
    async def test_an_officer_without_one_can_only_enrol_and_then_works(
        self, strict: Litestar, sessions: SessionMaker, kind: OrganisationKind, roles: list[Role]
    ) -> None:
        organisation_id = await make_organisation(sessions, kind)
        officer = await make_person(sessions, organisation_id, roles)
        mine = await sign_in(strict, officer.email)
        assert (await mine.get("/v1/session")).json()["second_factor"] == "enrolment_required"
        for method, path in (
            ("GET", f"/v1/organisations/{organisation_id}"),
            ("GET", "/v1/audit/entries"),
            ("POST", f"/v1/organisations/{organisation_id}/invitations"),
            ("PUT", "/v1/session/password"),
        ):
            answer = await mine.request(method, path, json=None if method == "GET" else {})
            assert (answer.status_code, slug(answer.json())) == (403, "second-factor-not-enrolled"), path
        # The remedy names the way, and it leads on.
        assert "POST /v1/session/second-factor/enrolment" in answer.json()["remedy"]
        assert (await mine.get(PATH)).json()["mandatory"] is True
        phone = await enrol(mine)
        assert (await mine.get(f"/v1/organisations/{organisation_id}")).status_code == 200
        kept = await mine.post(f"{PATH}/removal", json={"code": phone.recovery_codes[0]})
        assert (kept.status_code, slug(kept.json())) == (409, "second-factor-mandatory")

    async def test_others_may_do_without(self, strict: Litestar, someone: Someone) -> None:
        mine = await sign_in(strict, someone.email)
        assert (await mine.get(f"/v1/organisations/{someone.organisation_id}")).status_code == 200

    async def test_a_role_that_needs_one_takes_effect_at_once(
        self, strict: Litestar, sessions: SessionMaker
    ) -> None:
        organisation_id = await make_organisation(sessions, OrganisationKind.OWNER)
        plain = await make_person(sessions, organisation_id, [Role.DATA_OWNER])
        mine = await sign_in(strict, plain.email)
        assert (await mine.get("/v1/resources")).status_code == 200
        async with transaction(sessions) as session:
            await session.execute(
                sa.text("UPDATE memberships SET roles = '{regulator_officer}' WHERE person_id = :id"),
                {"id": plain.id},
            )
        assert slug((await mine.get("/v1/resources")).json()) == "second-factor-not-enrolled"

    async def test_who_is_held_back_is_nobody_on_public_routes(
        self, strict: Litestar, sessions: SessionMaker
    ) -> None:
        organisation_id = await make_organisation(sessions, OrganisationKind.REGULATOR)
        officer = await make_person(sessions, organisation_id, [Role.REGULATOR_OFFICER])
        mine = await sign_in(strict, officer.email)
        assert (await mine.get("/v1/catalogue")).json() == (await browser(strict).get("/v1/catalogue")).json()


@pytest.mark.parametrize(
    ("roles", "kind", "needed"),
    [
        ({Role.FINANCE_OFFICER}, OrganisationKind.PLATFORM, True),
        ({Role.ORGANISATION_ADMIN}, OrganisationKind.PLATFORM, True),
        ({Role.ORGANISATION_ADMIN}, OrganisationKind.REGULATOR, False),
        ({Role.ORGANISATION_ADMIN}, OrganisationKind.BUYER, False),
        ({Role.BUYER}, OrganisationKind.BUYER, False),
        ({Role.ORGANISATION_ADMIN}, OrganisationKind.AUTHORISING_BODY, False),
    ],
)
def test_whoever_can_give_himself_the_role_needs_it_too(
    roles: set[Role], kind: OrganisationKind, needed: bool
) -> None:
    assert needs_second_factor(roles, kind, {Role.FINANCE_OFFICER}) is needed


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        ({}, set()),
        (
            {"public_base_url": "https://market.example"},
            {
                "authorising_officer",
                "finance_officer",
                "platform_admin",
                "price_officer",
                "regulator_officer",
            },
        ),
        ({"public_base_url": "https://market.example", "second_factor_roles": "none"}, set()),
        ({"second_factor_roles": "buyer,data_owner"}, {"buyer", "data_owner"}),
        ({"second_factor_roles": "buyer, data_owner"}, {"buyer", "data_owner"}),
    ],
)
def test_the_setting(given: dict[str, str], roles: set[str]) -> None:
    assert Settings(_env_file=None, **given).roles_with_second_factor == roles  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["regulator", '["buyer"]', ""])
def test_a_role_that_is_none_is_refused_with_those_there_are(written: str) -> None:
    with pytest.raises(
        ValueError, match=f"{re.escape(written)} is no role; name roles parted by commas, or none"
    ):
        Settings(_env_file=None, second_factor_roles=written)


async def test_a_stale_enrolment_is_forgotten(
    mine: httpx.AsyncClient, someone: Someone, sessions: SessionMaker
) -> None:
    from infra.identity import factor_repository

    await mine.post(f"{PATH}/enrolment", json={"current_password": PASSWORD})
    async with transaction(sessions) as session:
        await session.execute(
            sa.update(TotpFactor)
            .where(col(TotpFactor.person_id) == UUID(str(someone.id)))
            .values(last_step=None)
        )
        await factor_repository.sweep(session)
    answer = await mine.post(f"{PATH}/confirmation", json={"code": "000000"})
    assert slug(answer.json()) == "wrong-code"
