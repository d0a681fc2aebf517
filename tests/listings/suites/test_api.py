"""Quality suites over HTTP: adopted from the first revision, written, reviewed with an edition, tried before."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col, select

from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.stops import service as stops
from listings.suites import service
from quality.checks import Check, CheckResult, Measured
from quality.runs import service as quality
from quality.runs.states import RunStatus
from quality.runs.tables import QualityRun
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.editions import decide, drafted
from tests.support.parties import Party, PartyMaker
from tests.support.people import make_person, sign_in
from tests.support.problems import slug
from tests.support.products import CSV, complete, draft, settle_quality, submitted, upload

ROWS: dict[str, Any] = {
    "type": "row_count",
    "columns": [],
    "dimension": "completeness",
    "arguments": {"minimum": "10"},
    "severity": "blocking",
}
RANGE: dict[str, Any] = {
    "type": "between",
    "columns": ["pm25"],
    "dimension": "accuracy",
    "arguments": {"minimum": "0", "maximum": "500"},
    "tolerance": {"limit": "0.5", "unit": "percent"},
    "name": "range of pm25",
}
PHONES: dict[str, Any] = {
    "type": "between",
    "columns": ["phone"],
    "dimension": "conformity",
    "arguments": {"minimum": "13000000000", "maximum": "19999999999"},
}


def path(product_id: str, part: str = "") -> str:
    return f"/v1/products/{product_id}/quality-suite{part}"


def digest_of(suite: dict[str, Any]) -> str | None:
    present = suite["proposed"] or suite["in_force"]
    return str(present["digest"]) if present else None


async def write(
    operator: Party, product_id: str, *checks: dict[str, Any], status: int = 200, **changes: Any
) -> dict[str, Any]:
    body = {
        "product_class": "general",
        "checks": list(checks),
        "based_on": digest_of(await operator.get(path(product_id))),
    }
    return await operator.put(path(product_id), body | changes, status=status)


async def try_out(party: Party, suite_id: str, *, passed: bool = True) -> None:
    """Complete the queued trials of a suite as the worker would."""
    async with transaction(party.sessions) as session:
        statement = select(QualityRun).where(
            col(QualityRun.suite_id) == UUID(suite_id),
            col(QualityRun.trial),
            col(QualityRun.status) == RunStatus.QUEUED,
        )
        for run in (await session.exec(statement)).all():
            assert await quality.start_run(session, run.id) is not None
            checks = [Check.from_json(item) for item in run.checks]
            results = tuple(CheckResult(check, 60, 60 if passed else 0) for check in checks)
            await quality.complete_run(session, run.id, Measured(results, 60, 0), "made for a test")


async def test_a_file_of_another_shape_does_not_have_a_draft_learn_its_checks_from_worse_data(
    owner: Party, operator: Party
) -> None:
    product = await draft(owner, operator)
    await settle_quality(operator, (await upload(operator, product["id"]))["id"])
    first = (await operator.get(path(product["id"])))["in_force"]
    await settle_quality(operator, (await upload(operator, product["id"], b"a,b\n1,2\n3,4\n"))["id"])
    other = (await operator.get(path(product["id"])))["in_force"]
    assert other["number"] == 2
    worse = await upload(operator, product["id"], CSV + b"??1,,,\n" * 30)
    assert (await operator.get(path(product["id"])))["in_force"]["id"] == first["id"]
    async with transaction(operator.sessions) as session:
        statement = select(QualityRun).where(col(QualityRun.revision_id) == UUID(worse["id"]))
        assert str((await session.exec(statement)).one().suite_id) == first["id"]


async def test_the_first_revision_is_judged_by_what_it_proposes_and_later_ones_by_the_same(
    owner: Party, operator: Party
) -> None:
    product = await draft(owner, operator)
    assert (await operator.get(path(product["id"])))["in_force"] is None
    await operator.get(path(product["id"], "/proposals"), status=404)
    first = await upload(operator, product["id"])
    suite = (await operator.get(path(product["id"])))["in_force"]
    assert (suite["number"], suite["origin"], suite["withheld"]) == (1, "suggested", [])
    names = {check["name"] for check in suite["checks"]}
    assert {"row_count", "no_repeated_rows"} <= names
    assert suite["bases"].keys() == names
    assert all(basis["zh"] and basis["en"] for basis in suite["bases"].values())
    proposals = await operator.get(path(product["id"], "/proposals"))
    assert proposals["revision_id"] == first["id"]
    assert names <= {proposal["check"]["name"] for proposal in proposals["proposals"]}

    await settle_quality(operator, first["id"])
    worse = await upload(operator, product["id"], CSV.replace(b"S1,", b"S1,", 1) + b"S1,,,\n" * 30)
    assert (await operator.get(path(product["id"])))["in_force"]["id"] == suite["id"]
    async with transaction(operator.sessions) as session:
        run = (
            await session.exec(select(QualityRun).where(col(QualityRun.revision_id) == UUID(worse["id"])))
        ).one()
        assert (str(run.suite_id), run.product_class) == (suite["id"], suite["product_class"])
        assert run.arrived_at is not None
    assert (await operator.get(f"/v1/products/{product['id']}"))["quality_suite_id"] == suite["id"]


async def test_a_proposed_suite_is_edited_and_judges_the_draft_at_once(owner: Party, operator: Party) -> None:
    product_id = await complete(owner, operator)
    before = (await operator.get(path(product_id)))["in_force"]
    kept = [check for check in before["checks"] if check["name"] != "no_repeated_rows"]
    written = await write(operator, product_id, *kept, RANGE)
    assert written["edition_id"] is None
    assert [(change["name"], change["before"] is None) for change in written["changes"]] == [
        ("range of pm25", True),
        ("no_repeated_rows", False),
    ]
    suite = written["suite"]
    assert (suite["number"], suite["origin"]) == (2, "written")
    assert suite["bases"].keys() == {check["name"] for check in kept}
    revision = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]
    assert revision["quality"] == "checking", "the revision is judged anew"
    await settle_quality(operator, revision["id"])
    # Who writes the same again changes nothing; who goes back makes a third version.
    assert (await write(operator, product_id, *suite["checks"]))["suite"]["id"] == suite["id"]
    back = await write(operator, product_id, *before["checks"], product_class=before["product_class"])
    assert back["suite"]["number"] == 3
    versions = await operator.get(path(product_id, "/versions"))
    assert [version["number"] for version in versions["items"]] == [3, 2, 1]


async def test_what_cannot_be_checked_is_refused_with_its_place(owner: Party, operator: Party) -> None:
    product_id = await complete(owner, operator)
    absent = RANGE | {"columns": ["so2"], "name": "range of so2"}
    refused = await write(operator, product_id, ROWS, absent, RANGE | {"name": "row_count"}, status=422)
    assert slug(refused) == "quality-suite-refused"
    assert {problem["check"] for problem in refused["problems"]} == {"range of so2", "row_count"}
    refused = await write(
        operator, product_id, ROWS | {"tolerance": {"limit": "101", "unit": "percent"}}, status=422
    )
    assert refused["problems"][0]["member"] == "tolerance.limit"
    await write(operator, product_id, *[RANGE | {"name": f"c{n}"} for n in range(401)], status=422)
    await write(operator, product_id, RANGE | {"row_condition": "__import__('os')"}, status=422)
    other = {
        "type": "references",
        "columns": ["station"],
        "dimension": "consistency",
        "arguments": {"product_id": "00000000-0000-7000-8000-000000000000", "column": "station"},
    }
    refused = await write(operator, product_id, ROWS, other, status=422)
    assert refused["problems"][0]["member"] == "arguments.product_id"


async def test_a_reference_is_to_a_product_that_both_who_upload_may_read(
    owner: Party, operator: Party, party: PartyMaker
) -> None:
    product_id = await complete(owner, operator)
    own = await complete(owner, operator)
    stranger = await party(OrganisationKind.OPERATOR)
    another = await party(OrganisationKind.OWNER)
    foreign = await complete(another, stranger)
    # Its owner could find out by files that are made for it what the other owner's product holds.
    of_another_owner = await complete(another, operator)

    def reference(product: str, column: str = "station") -> dict[str, Any]:
        return {
            "type": "references",
            "columns": ["station"],
            "dimension": "consistency",
            "arguments": {"product_id": product, "column": column},
        }

    written = await write(operator, product_id, ROWS, reference(own))
    async with transaction(operator.sessions) as session:
        run = (
            await session.exec(
                select(QualityRun).where(col(QualityRun.suite_id) == UUID(written["suite"]["id"]))
            )
        ).one()
        assert list(run.reference_keys) == [f"{own}:station"]
        assert run.zones == {"time": "UTC"}
    for other_id in (foreign, of_another_owner, str(new_id())):
        refused = await write(operator, product_id, ROWS, reference(other_id), status=422)
        assert refused["problems"][0]["member"] == "arguments.product_id"
    refused = await write(operator, product_id, ROWS, reference(own, "colour"), status=422)
    assert refused["problems"][0]["member"] == "arguments.column"
    # What is stopped is read by nobody, and not asked either.
    async with transaction(operator.sessions) as session:
        await stops.place(session, SYSTEM, subject_kind="product", subject_id=UUID(own), reason="For a test")
    revision = await upload(operator, product_id, CSV + b"S1,2026-01-01T00:00:00Z,1.5,13800000009\n")
    async with transaction(operator.sessions) as session:
        run = (
            await session.exec(select(QualityRun).where(col(QualityRun.revision_id) == UUID(revision["id"])))
        ).one()
        assert run.reference_keys == {}


async def test_proposals_name_only_products_that_may_be_referred_to(
    owner: Party, operator: Party, party: PartyMaker
) -> None:
    product_id = await complete(owner, operator)
    hidden = await complete(await party(OrganisationKind.OWNER), operator)
    other = await complete(owner, operator)
    for one in (operator, owner):
        answer = await one.http.get(path(product_id, "/proposals"))
        assert [one["check"]["arguments"]["product_id"] for one in references(answer)] == [other] * 2
        assert hidden not in answer.text
        # The names of checks are everybody's to read.
        assert not [one for one in references(answer) if other in one["check"]["name"]]


def references(answer: httpx.Response) -> list[dict[str, Any]]:
    """Proposed checks that compare with another product."""
    return [one for one in answer.json()["proposals"] if one["check"]["type"] == "references"]


async def test_two_writers_at_once_do_not_lose_each_others_change(owner: Party, operator: Party) -> None:
    product_id = await complete(owner, operator)
    suite = (await operator.get(path(product_id)))["in_force"]
    body = {"product_class": "general", "based_on": suite["digest"]}
    answers = await asyncio.gather(
        *(
            operator.http.put(path(product_id), json=body | {"checks": [ROWS, RANGE | {"name": f"by {n}"}]})
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    problem = next(answer.json() for answer in answers if answer.status_code == 409)
    assert slug(problem) == "quality-suite-changed"
    assert problem["digest"] == (await operator.get(path(product_id)))["in_force"]["digest"]
    assert len((await operator.get(path(product_id, "/versions")))["items"]) == 2


async def test_the_suite_in_force_judges_although_a_check_by_the_one_before_ends_later(
    owner: Party, operator: Party
) -> None:
    product_id = await complete(owner, operator)
    revision = await upload(operator, product_id, CSV + b"S1,2026-01-01T00:00:00Z,1.5,13800000009\n")
    before = (await operator.get(path(product_id)))["in_force"]
    async with transaction(operator.sessions) as session:
        statement = select(QualityRun).where(col(QualityRun.revision_id) == UUID(revision["id"]))
        earlier = (await session.exec(statement)).one()
        assert await quality.start_run(session, earlier.id) is not None
    suite = (await write(operator, product_id, ROWS))["suite"]
    async with transaction(operator.sessions) as session:
        (later,) = (await session.exec(statement.where(col(QualityRun.id) != earlier.id))).all()
    report = f"/v1/revisions/{revision['id']}/quality-report"
    for run, passed in ((later, False), (earlier, True)):
        async with transaction(operator.sessions) as session:
            if run is later:
                assert await quality.start_run(session, run.id) is not None
            checks = [Check.from_json(item) for item in run.checks]
            results = tuple(CheckResult(check, 60, 60 if passed else 0) for check in checks)
            await quality.complete_run(session, run.id, Measured(results, 60, 0), "made for a test")
        shown = await operator.get(report)
        assert (shown["suite_id"], shown["status"]) == (suite["id"], "failed")
        newest = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]
        assert (newest["id"], newest["quality"]) == (revision["id"], "failed")
    assert suite["id"] != before["id"]


async def test_a_suite_under_review_is_not_written(owner: Party, operator: Party) -> None:
    product_id = await submitted(owner, operator)
    assert slug(await write(operator, product_id, ROWS, status=409)) == "product-state"


async def test_on_the_market_a_suite_takes_effect_with_its_edition(bargain: Bargain) -> None:
    operator, regulator, product_id = bargain.operator, bargain.regulator, bargain.product_id
    old = (await operator.get(path(product_id)))["in_force"]
    written = await write(operator, product_id, ROWS, RANGE)
    assert (await operator.get(path(product_id)))["in_force"]["id"] == old["id"]
    edition = await operator.get(f"/v1/editions/{written['edition_id']}")
    fields = [change["field"] for change in edition["changes"]]
    assert fields[0] == "quality_suite_id"
    assert "quality_checks.range of pm25" in fields
    assert edition["document"]["quality_suite_id"] == written["suite"]["id"]
    # What is not submitted yet is no regulator's to read.
    for party, numbers in ((operator, [old["number"] + 1, old["number"]]), (regulator, [old["number"]])):
        versions = await party.get(path(product_id, "/versions"))
        assert [version["number"] for version in versions["items"]][: len(numbers)] == numbers
    # A further change goes into the same edition, and is based on what that names.
    further = await write(operator, product_id, ROWS, RANGE, PHONES)
    assert further["edition_id"] == written["edition_id"]
    stale = await write(operator, product_id, ROWS, based_on=old["digest"], status=409)
    assert slug(stale) == "quality-suite-changed"

    await operator.post(f"/v1/editions/{edition['id']}/submission", status=200)
    assert slug(await write(operator, product_id, ROWS, status=409)) == "edition-state"
    edition = await regulator.get(f"/v1/editions/{edition['id']}")
    early = await decide(regulator, edition, "approval", status=409)
    assert slug(early) == "quality-suite-untried"
    await try_out(operator, further["suite"]["id"])
    shown = await regulator.get(path(product_id))
    assert (shown["trial"]["status"], shown["trial"]["report"]["status"]) == ("passed", "passed")
    assert shown["proposed"]["id"] == further["suite"]["id"]
    versions = await regulator.get(path(product_id, "/versions"))
    assert versions["items"][0]["id"] == further["suite"]["id"]
    _, token = await bargain.licensed()
    await decide(regulator, edition, "approval")
    shown = await operator.get(path(product_id))
    assert (shown["in_force"]["id"], shown["proposed"], shown["trial"]) == (
        further["suite"]["id"],
        None,
        None,
    )
    assert (await bargain.read(token)).status_code == 200, "what buyers read has passed already"
    report = await operator.get(f"/v1/catalogue/{product_id}/quality-report")
    assert {check["name"] for check in report["checks"]} == {
        "row_count",
        "range of pm25",
        "between:phone",
    }


async def test_an_edition_whose_suite_fails_on_what_buyers_read_is_not_approved(bargain: Bargain) -> None:
    operator, regulator, product_id = bargain.operator, bargain.regulator, bargain.product_id
    written = await write(operator, product_id, ROWS, RANGE)
    edition_id = written["edition_id"]
    edition = await operator.post(f"/v1/editions/{edition_id}/submission", status=200)
    await try_out(operator, written["suite"]["id"], passed=False)
    assert slug(await decide(regulator, edition, "approval", status=409)) == "quality-suite-untried"
    # The failed trial counts for nothing: the product is served as before.
    _, token = await bargain.licensed()
    assert (await bargain.read(token)).status_code == 200
    remark = {"field": "quality_checks.range of pm25", "remark": "The data has higher values"}
    await decide(regulator, edition, "return", reason="See the trial", remarks=[remark])
    problem = await operator.post(f"/v1/editions/{edition_id}/submission", status=409)
    assert problem["fields"] == ["quality_checks.range of pm25"]
    milder = RANGE | {"arguments": {"minimum": "0", "maximum": "1000"}}
    third = await write(operator, product_id, ROWS, milder)
    edition = await operator.post(f"/v1/editions/{edition_id}/submission", status=200)
    assert edition["reviews"][0]["remarks"][0]["answer"] == "changed"
    await try_out(operator, third["suite"]["id"])
    assert (await decide(regulator, edition, "approval"))["status"] == "in_force"


@pytest.fixture
async def officer(
    app: Litestar, sessions: SessionMaker, regulator: Party
) -> AsyncIterator[httpx.AsyncClient]:
    """A person of the regulator, signed in."""
    person = await make_person(sessions, regulator.organisation_id, [Role.REGULATOR_OFFICER])
    signed_in = await sign_in(app, person.email)
    yield signed_in
    await signed_in.aclose()


def waiver(report_id: str) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(days=30)
    return {"reason": "Older data may stay", "expires_at": until.isoformat(), "report_id": report_id}


async def test_a_stricter_suite_comes_into_force_over_data_that_fails_it_once_that_is_waived(
    bargain: Bargain, officer: httpx.AsyncClient
) -> None:
    operator, regulator, product_id = bargain.operator, bargain.regulator, bargain.product_id
    written = await write(operator, product_id, ROWS, RANGE)
    await try_out(operator, written["suite"]["id"], passed=False)
    submission = f"/v1/editions/{written['edition_id']}/submission"
    refused = await operator.post(submission, status=409)
    trial = (await operator.get(path(product_id)))["trial"]
    report_id, revision = trial["report"]["id"], f"/v1/revisions/{trial['revision_id']}"
    assert report_id in refused["remedy"], refused
    assert f"{revision}/quality-waiver-requests" in refused["remedy"]

    # A draft edition is its parties' alone: nobody waives what nobody was shown.
    unseen = await officer.post(f"{revision}/quality-waivers", json=waiver(report_id))
    assert (unseen.status_code, slug(unseen.json())) == (409, "quality-waiver-state")
    asked = {"justification": "The next revision will pass", "report_id": report_id}
    assert (await operator.post(f"{revision}/quality-waiver-requests", asked))["status"] == "waiting"
    edition = await operator.post(submission, status=200)
    assert slug(await decide(regulator, edition, "approval", status=409)) == "quality-suite-untried"
    granted = await officer.post(f"{revision}/quality-waivers", json=waiver(report_id))
    assert (granted.status_code, granted.json()["report_id"]) == (201, report_id), granted.text
    trial = (await regulator.get(path(product_id)))["trial"]
    assert (trial["status"], trial["report"]["waiver"]["reason"]) == ("failed", "Older data may stay")
    _, token = await bargain.licensed()
    before = (await bargain.read(token)).headers["Data-Revision"]
    await decide(regulator, edition, "approval")
    assert (await operator.get(path(product_id)))["in_force"]["id"] == written["suite"]["id"]
    assert (await bargain.read(token)).headers["Data-Revision"] == before
    listed = await operator.get(f"{revision}/quality-waivers")
    assert [one["status"] for one in listed["requests"]] == ["granted"]
    # The waiver is all that lets it serve: with its end the product has no data that passes.
    revoked = await officer.post(
        f"/v1/quality-waivers/{granted.json()['id']}/revocation", json={"reason": "Long enough"}
    )
    assert revoked.status_code == 200
    assert (await operator.get(revision))["quality"] == "failed"


async def test_a_trial_that_could_not_be_carried_out_is_repeated_by_setting_the_suite_again(
    bargain: Bargain,
) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    written = await write(operator, product_id, ROWS, RANGE)
    async with transaction(operator.sessions) as session:
        trial = select(QualityRun).where(col(QualityRun.suite_id) == UUID(written["suite"]["id"]))
        run = (await session.exec(trial)).one()
        assert await quality.start_run(session, run.id) is not None
        await quality.fail_run(session, run.id, "the check took too long")
    submission = f"/v1/editions/{written['edition_id']}/submission"
    refused = await operator.post(submission, status=409)
    assert "could not be tried" in refused["detail"]
    assert "Set the same suite again" in refused["remedy"]
    assert (await operator.get(path(product_id)))["trial"]["status"] == "error"
    again = await write(operator, product_id, ROWS, RANGE)
    assert again["suite"]["id"] == written["suite"]["id"]
    await operator.post(submission, status=200)
    await try_out(operator, written["suite"]["id"])
    assert (await operator.get(path(product_id)))["trial"]["status"] == "passed"


async def test_a_request_ends_with_the_edition_whose_trial_it_is_about(bargain: Bargain) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    written = await write(operator, product_id, ROWS, RANGE)
    await try_out(operator, written["suite"]["id"], passed=False)
    trial = (await operator.get(path(product_id)))["trial"]
    revision = f"/v1/revisions/{trial['revision_id']}"
    asked = {"justification": "The next revision will pass", "report_id": trial["report"]["id"]}
    await operator.post(f"{revision}/quality-waiver-requests", asked)
    withdrawal = f"/v1/editions/{written['edition_id']}/withdrawal"
    await operator.post(withdrawal, {"reason": "Another way was found"}, status=200)
    (request,) = (await operator.get(f"{revision}/quality-waivers"))["requests"]
    assert (request["status"], "replaced" in request["decision_reason"]) == ("superseded", True)
    gone = await operator.post(f"{revision}/quality-waiver-requests", asked, status=409)
    assert slug(gone) == "quality-waiver-state"


async def test_a_revision_that_comes_meanwhile_is_tried_too(bargain: Bargain) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    written = await write(operator, product_id, ROWS, RANGE)
    await try_out(operator, written["suite"]["id"])
    newer = await upload(operator, product_id, CSV + b"S1,2026-02-01T00:00:00Z,1.5,13800009999\n")
    await settle_quality(operator, newer["id"])
    assert (await operator.get(path(product_id)))["trial"] is None
    async with transaction(operator.sessions) as session:
        await service.retry_trial(session, SYSTEM, UUID(newer["id"]))
    trial = (await operator.get(path(product_id)))["trial"]
    assert (trial["revision_id"], trial["status"]) == (newer["id"], "checking")


async def test_outsiders_read_the_suite_without_what_tells_of_personal_columns(
    bargain: Bargain, party: PartyMaker
) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    stranger = await party(OrganisationKind.OPERATOR)
    statement = {
        "type": "sql",
        "columns": [],
        "dimension": "accuracy",
        "arguments": {"statement": "SELECT row_number FROM revision WHERE phone = '13800000000'"},
        "name": "one phone",
    }
    written = await write(operator, product_id, ROWS, RANGE, PHONES, statement)
    await operator.post(f"/v1/editions/{written['edition_id']}/submission", status=200)
    await try_out(operator, written["suite"]["id"])
    edition = await bargain.regulator.get(f"/v1/editions/{written['edition_id']}")
    await decide(bargain.regulator, edition, "approval")
    for reader in (bargain.buyer, stranger):
        shown = await reader.get(path(product_id))
        assert (shown["edition_id"], shown["trial"]) == (None, None)
        checks = {check["name"]: check["arguments"] for check in shown["in_force"]["checks"]}
        assert checks["range of pm25"] == RANGE["arguments"]
        assert checks["between:phone"] == {}
        assert checks["one phone"] == {}
        assert shown["in_force"]["withheld"] == ["between:phone", "one phone"]
        assert shown["in_force"]["bases"] == {}
        await reader.get(path(product_id, "/versions"), status=404)
        await reader.get(path(product_id, "/proposals"), status=404)
    own = await operator.get(path(product_id))
    assert own["in_force"]["withheld"] == []
    # Of the column declared as personal later too, nothing is told any more.
    await operator.post(f"/v1/products/{product_id}/personal-columns", {"columns": ["pm25"]}, status=200)
    shown = await stranger.get(path(product_id))
    assert "range of pm25" in shown["in_force"]["withheld"]


async def test_another_operator_sees_nothing_of_a_draft(
    owner: Party, operator: Party, party: PartyMaker
) -> None:
    product_id = await complete(owner, operator)
    stranger = await party(OrganisationKind.OPERATOR)
    for part in ("", "/versions", "/proposals"):
        await stranger.get(path(product_id, part), status=404)
    body = {"product_class": "general", "checks": [ROWS], "based_on": None}
    await stranger.put(path(product_id), body, status=404)
    await owner.put(path(product_id), body, status=403)


async def test_the_database_keeps_suites_and_what_was_approved(
    bargain: Bargain, database: TestDatabase
) -> None:
    operator, product_id = bargain.operator, bargain.product_id
    written = await write(operator, product_id, ROWS, RANGE)
    other = await complete(bargain.owner, operator)
    connection = await asyncpg.connect(database.service_url.replace("+asyncpg", ""))
    try:
        for statement, arguments in (
            (
                "UPDATE data_products SET quality_suite_id = $1 WHERE id = $2",
                (written["suite"]["id"], product_id),
            ),
            ("UPDATE data_products SET quality_suite_id = $1 WHERE id = $2", (written["suite"]["id"], other)),
            ("UPDATE quality_suites SET checks = '[]' WHERE id = $1", (written["suite"]["id"],)),
        ):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(statement, *(UUID(argument) for argument in arguments))
    finally:
        await connection.close()


async def test_an_edition_that_leaves_the_suite_alone_needs_no_trial(bargain: Bargain) -> None:
    edition = await drafted(bargain.operator, bargain.product_id, title_en="Air")
    assert [change["field"] for change in edition["changes"]] == ["title_en"]
    edition = await bargain.operator.post(f"/v1/editions/{edition['id']}/submission", status=200)
    assert (await decide(bargain.regulator, edition, "approval"))["status"] == "in_force"
    async with transaction(bargain.operator.sessions) as session:
        counted = await session.execute(
            sa.text("SELECT count(*) FROM quality_runs WHERE trial AND product_id = :id"),
            {"id": UUID(bargain.product_id)},
        )
        assert counted.scalar_one() == 0
