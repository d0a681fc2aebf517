"""A rule is proposed by one person and approved by another, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import SessionMaker, now, transaction
from infra.identity import clients
from infra.rulebook import service as rulebook
from tests.support.database import TestDatabase
from tests.support.people import PASSWORD, Someone, browser, make_organisation, make_person, sign_in

KEY = "settlement.payment_term_days"
REASON = {"reason": "As the board decided"}
BODY = {"value": 45, "source": "Decision 12 of the board", "source_status": "house"}


@dataclass(frozen=True, slots=True)
class Officer:
    """A person, signed in."""

    who: Someone
    http: httpx.AsyncClient

    async def post(self, path: str, body: dict[str, Any], *, status: int = 200) -> dict[str, Any]:
        answer = await self.http.post(f"/v1/rulebook/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def get(self, path: str = "") -> dict[str, Any]:
        answer = await self.http.get(f"/v1/rulebook{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]


async def officer(app: Litestar, sessions: SessionMaker, kind: OrganisationKind, role: Role) -> Officer:
    who = await make_person(sessions, await make_organisation(sessions, kind), [role])
    return Officer(who, await sign_in(app, who.email))


@pytest.fixture
async def administrator(app: Litestar, sessions: SessionMaker) -> AsyncIterator[Officer]:
    made = await officer(app, sessions, OrganisationKind.PLATFORM, Role.PLATFORM_ADMIN)
    yield made
    await made.http.aclose()


@pytest.fixture
async def regulator(app: Litestar, sessions: SessionMaker) -> AsyncIterator[Officer]:
    made = await officer(app, sessions, OrganisationKind.REGULATOR, Role.REGULATOR_OFFICER)
    yield made
    await made.http.aclose()


@pytest.fixture
async def clean(database: TestDatabase) -> AsyncIterator[None]:
    """What a test left open or changed is undone: the rulebook is everybody's."""
    yield
    owner = await asyncpg.connect(database.owner_url)
    for table in ("rulebook_parameters", "rule_proposals"):
        await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await owner.execute("DELETE FROM rulebook_parameters WHERE proposal_id IS NOT NULL")
    await owner.execute("DELETE FROM rule_proposals")
    for table in ("rulebook_parameters", "rule_proposals"):
        await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    await owner.close()


pytestmark = pytest.mark.usefixtures("clean")


def rule(rules: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in rules["items"] if item["key"] == KEY)
    return found


async def test_one_proposes_and_another_approves(
    administrator: Officer, regulator: Officer, client: httpx.AsyncClient
) -> None:
    before = rule(await administrator.get())
    assert (before["proposed_by"], before["approved_by"]) == (None, None)
    assert before["kind"] | {"title_zh": ""} == {
        "type": "integer", "minimum": "1", "maximum": "365", "choices": None, "unit": "days",
        "title_zh": "", "title_en": "Days to pay an invoice",
    }  # fmt: skip
    proposal = await administrator.post(f"{KEY}/proposals", BODY, status=201)
    assert (proposal["status"], proposal["proposed_by"]["id"]) == ("proposed", str(administrator.who.id))
    assert rule(await administrator.get())["value"] == before["value"], "nothing is in force by a proposal"
    approved = await regulator.post(f"proposals/{proposal['id']}/approval", REASON)
    assert (approved["status"], approved["decided_by"]["id"]) == ("approved", str(regulator.who.id))
    after = rule(await regulator.get())
    assert (after["value"], after["version"]) == (45, before["version"] + 1)
    assert after["proposed_by"] | {"organisation_name": None} == {
        "id": str(administrator.who.id),
        "name": "Test Person",
        "organisation_id": str(administrator.who.organisation_id),
        "organisation_name": None,
    }
    assert after["approved_by"]["id"] == str(regulator.who.id)
    assert after["approved_by"]["organisation_name"]["zh"]
    then = before["recorded_at"].replace("+00:00", "Z")
    assert rule(await regulator.get(f"?at={then}"))["version"] == before["version"]
    assert [item["version"] for item in (await regulator.get(f"/{KEY}"))["items"]] == [
        after["version"],
        before["version"],
    ]
    late = await regulator.post(f"proposals/{proposal['id']}/rejection", REASON, status=409)
    assert late["type"].endswith(":rule-proposal-decided")


async def test_nobody_decides_on_what_they_proposed(
    app: Litestar, sessions: SessionMaker, administrator: Officer, regulator: Officer
) -> None:
    proposal = await administrator.post(f"{KEY}/proposals", BODY, status=201)
    # The same person in a second office, under a second account with the same address.
    office = await make_organisation(sessions, OrganisationKind.REGULATOR)
    who = await make_person(sessions, office, [Role.REGULATOR_OFFICER], email=administrator.who.email)
    second = Officer(who, browser(app))
    credentials = {"email": who.email, "password": PASSWORD, "organisation_id": str(office)}
    signed_in = await second.http.post("/v1/session", json=credentials)
    second.http.headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]
    for same in (administrator, second):
        for word in ("approval", "rejection"):
            refused = await same.post(f"proposals/{proposal['id']}/{word}", REASON, status=403)
            assert refused["type"].endswith(":another-officer")
            assert "withdraw" in refused["remedy"]
    not_mine = await regulator.post(f"proposals/{proposal['id']}/withdrawal", REASON, status=403)
    assert f"POST /v1/rulebook/proposals/{proposal['id']}/rejection" in not_mine["remedy"]
    # The refusals above name the withdrawal, so it is open to the same person in the other office too.
    withdrawn = await second.post(f"proposals/{proposal['id']}/withdrawal", REASON)
    assert (withdrawn["status"], withdrawn["decision_reason"]) == ("withdrawn", REASON["reason"])
    await second.http.aclose()
    # What is decided cannot be rejected instead, whoever asks.
    late = await regulator.post(f"proposals/{proposal['id']}/withdrawal", REASON, status=409)
    assert late["type"].endswith(":rule-proposal-decided")


async def test_a_program_neither_proposes_nor_approves(
    app: Litestar,
    sessions: SessionMaker,
    administrator: Officer,
    regulator: Officer,
    client: httpx.AsyncClient,
) -> None:
    async with transaction(sessions) as session:
        program, secret = await clients.create(
            session,
            SYSTEM,
            administrator.who.organisation_id,
            name="deputy",
            roles=[Role.PLATFORM_ADMIN],
        )
    form = {"grant_type": "client_credentials", "client_id": str(program.id), "client_secret": secret}
    token = (await client.post("/oauth/token", data=form)).json()["access_token"]
    proposal = await regulator.post(f"{KEY}/proposals", BODY, status=201)
    for path, body in ((f"{KEY}/proposals", BODY), (f"proposals/{proposal['id']}/approval", REASON)):
        refused = await client.post(
            f"/v1/rulebook/{path}", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        assert refused.status_code == 403
        assert refused.json()["type"].endswith(":another-officer")


async def test_a_rejected_proposal_gives_way_to_another(administrator: Officer, regulator: Officer) -> None:
    first = await administrator.post(f"{KEY}/proposals", BODY, status=201)
    second = await regulator.post(f"{KEY}/proposals", BODY | {"value": 60}, status=409)
    assert (second["type"].rpartition(":")[2], second["proposal_id"]) == ("rule-proposal-open", first["id"])
    await regulator.post(f"proposals/{first['id']}/rejection", REASON)
    again = await regulator.post(f"{KEY}/proposals", BODY | {"value": 60}, status=201)
    listed = await administrator.get("/proposals?status=proposed")
    assert [item["id"] for item in listed["items"]] == [again["id"]]
    assert (await administrator.get(f"/proposals/{first['id']}"))["status"] == "rejected"


@pytest.mark.parametrize("word", ["approval", "rejection", "withdrawal"])
async def test_those_who_decide_are_told_of_a_proposal_and_of_its_end(
    administrator: Officer, regulator: Officer, sessions: SessionMaker, word: str
) -> None:
    proposal = await administrator.post(f"{KEY}/proposals", BODY, status=201)
    ends = administrator if word == "withdrawal" else regulator
    ended = await ends.post(f"proposals/{proposal['id']}/{word}", REASON)
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT kind, payload FROM events WHERE subject_id = :id ORDER BY sequence"),
            {"id": proposal["id"]},
        )
        first, second = rows.all()
    assert (first.kind, second.kind) == ("rule_proposal.proposed", f"rule_proposal.{ended['status']}")
    assert first.payload == {"key": KEY, "status": "proposed"}
    assert second.payload.items() >= {"key": KEY, "status": ended["status"]}.items()
    if word == "approval":
        version = rule(await administrator.get())
        assert second.payload["version"] == version["version"]
        assert datetime.fromisoformat(second.payload["effective_from"]) == datetime.fromisoformat(
            version["effective_from"]
        )


@pytest.mark.parametrize(
    ("key", "value", "slug"),
    [
        ("quality.lowest_passing_grade", "Z", "rule-out-of-range"),
        ("quality.grade.a", "excellent", "rule-shape-changed"),
        ("quality.weight.accuracy", "0", "rule-out-of-range"),
        ("pricing.rounding", "up", "rule-out-of-range"),
        ("licence.token_hours", 0, "rule-out-of-range"),
        ("listing.core_data_refused", 0, "rule-shape-changed"),
        (KEY, 366, "rule-out-of-range"),
    ],
)
async def test_a_value_the_parameter_may_not_hold_is_refused_when_it_is_proposed(
    administrator: Officer, key: str, value: Any, slug: str
) -> None:
    refused = await administrator.post(f"{key}/proposals", BODY | {"value": value}, status=422)
    assert refused["type"].endswith(f":{slug}")
    assert refused["remedy"]


async def test_every_parameter_says_what_it_may_hold_and_holds_it(sessions: SessionMaker) -> None:
    async with transaction(sessions) as session:
        keys = [row.key for row in await rulebook.list_in_force(session)]
        keys = [key for key in keys if not key.startswith("test.")]
        rules = await rulebook.in_force(session)
        for key in keys:
            await rulebook._require_value(session, key, rules.value(key))
        known = await session.execute(sa.text("SELECT key FROM rulebook_kinds"))
        assert set(known.scalars()) == set(keys), "a migration that seeds a parameter calls ddl.rule_kind"


async def test_no_rule_takes_effect_in_the_past(
    administrator: Officer, regulator: Officer, database: TestDatabase, sessions: SessionMaker
) -> None:
    async with sessions() as session:
        moment: datetime = await now(session)
    past = BODY | {"effective_from": (moment - timedelta(hours=1)).isoformat()}
    refused = await administrator.post(f"{KEY}/proposals", past, status=422)
    assert refused["type"].endswith(":rule-backdated")
    soon = BODY | {"effective_from": (moment + timedelta(hours=1)).isoformat()}
    proposal = await administrator.post(f"{KEY}/proposals", soon, status=201)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("ALTER TABLE rule_proposals DISABLE TRIGGER USER")
    await owner.execute("UPDATE rule_proposals SET effective_from = now() - interval '1 minute'")
    await owner.execute("ALTER TABLE rule_proposals ENABLE TRIGGER USER")
    await owner.close()
    overdue = await regulator.post(f"proposals/{proposal['id']}/approval", REASON, status=409)
    assert overdue["type"].endswith(":rule-proposal-overdue")
    assert "Reject it" in overdue["remedy"]
    await regulator.post(f"proposals/{proposal['id']}/rejection", REASON)
    later = await administrator.post(f"{KEY}/proposals", soon, status=201)
    await regulator.post(f"proposals/{later['id']}/approval", REASON)
    assert rule(await regulator.get())["value"] != 45
    after = (moment + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    assert rule(await regulator.get(f"?at={after}"))["value"] == 45


async def test_a_decision_names_the_version_it_read_whatever_is_approved_meanwhile(
    administrator: Officer, regulator: Officer, sessions: SessionMaker
) -> None:
    proposal = await administrator.post(f"{KEY}/proposals", BODY, status=201)
    async with transaction(sessions) as early, transaction(sessions) as late:
        moment = await now(early)
        read = await rulebook.in_force(early)
        before = read.integer(KEY)
        approved = await regulator.post(f"proposals/{proposal['id']}/approval", REASON)
        assert approved["status"] == "approved"
        # A decision that began before the approval goes by the rules of its own time, also where it reads after it.
        assert (await rulebook.in_force(early)).integer(KEY) == before
        assert await now(early) == moment
        assert read.stamp() == [{"key": KEY, "version": rule(await regulator.get())["version"] - 1}]
        after = await rulebook.in_force(late)
        assert after.integer(KEY) == 45
        assert after.stamp()[0]["version"] == read.stamp()[0]["version"] + 1
