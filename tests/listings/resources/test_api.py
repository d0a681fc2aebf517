"""Resources over HTTP: who registers, who sees, what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from litestar import Litestar

from infra.audit import service as audit
from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from tests.support.parties import Party, PartyMaker
from tests.support.people import make_person, sign_in
from tests.support.problems import slug
from tests.support.products import (
    EVIDENCE,
    active_authorisation,
    authorisation_body,
    held_resource,
    resource_body,
)


async def test_an_owner_registers_and_reads_back(owner: Party) -> None:
    made = await owner.post("/v1/resources", resource_body())
    assert made["owner_id"] == str(owner.organisation_id)
    assert made["classification_label"] == {"zh": "一般数据", "en": "general data"}
    assert made["domain_label"]["zh"] == "生态环境"
    assert await owner.get(f"/v1/resources/{made['id']}") == made
    assert (await owner.get("/v1/resources"))["items"] == [made]


async def test_a_repeated_request_registers_once(owner: Party) -> None:
    key = str(new_id())
    first = await owner.call("POST", "/v1/resources", resource_body(), status=201, key=key)
    assert await owner.call("POST", "/v1/resources", resource_body(), status=201, key=key) == first
    assert len((await owner.get("/v1/resources"))["items"]) == 1


async def test_lists_go_page_by_page_newest_first(owner: Party) -> None:
    made = [
        await owner.post("/v1/resources", resource_body(title_en=f"Number {number}")) for number in range(3)
    ]
    first = await owner.get("/v1/resources?limit=2")
    second = await owner.get(f"/v1/resources?limit=2&cursor={first['next_cursor']}")
    assert [item["id"] for item in first["items"] + second["items"]] == [item["id"] for item in made[::-1]]
    assert second["next_cursor"] is None


async def test_others_resources_do_not_exist(
    owner: Party, operator: Party, regulator: Party, party: PartyMaker
) -> None:
    resource_id = await held_resource(owner)
    stranger = await party(OrganisationKind.OWNER)
    await stranger.get(f"/v1/resources/{resource_id}", status=404)
    await operator.get(f"/v1/resources/{resource_id}", status=404)
    assert (await stranger.get("/v1/resources"))["items"] == []
    await regulator.get(f"/v1/resources/{resource_id}")
    await active_authorisation(owner, operator, resource_id)
    await operator.get(f"/v1/resources/{resource_id}")
    assert [item["id"] for item in (await operator.get("/v1/resources"))["items"]] == [resource_id]


async def test_only_owners_register(operator: Party, buyer: Party) -> None:
    await operator.post("/v1/resources", resource_body(), status=403)
    await buyer.post("/v1/resources", resource_body(), status=403)
    await buyer.get("/v1/resources", status=403)


async def test_bad_payloads_name_the_place(owner: Party) -> None:
    problem = await owner.post("/v1/resources", resource_body(domain="astrology"), status=422)
    assert problem["type"].endswith(":unknown-theme")
    for body in (
        resource_body(title_zh=""),
        resource_body(classification="SECRET"),
        resource_body(surprise=1),
        resource_body(risk_assessment_sha256="abc"),
    ):
        await owner.post("/v1/resources", body, status=422)


async def test_a_risk_assessment_is_put_on_file_by_the_owner_alone(owner: Party, party: PartyMaker) -> None:
    made = await owner.post("/v1/resources", resource_body(classification="IMPORTANT"))
    path = f"/v1/resources/{made['id']}/assessments"
    filed = {
        "kind": "risk",
        "sha256": EVIDENCE,
        "note": "Assessed by the bureau's security office: acceptable.",
    }
    stranger = await party(OrganisationKind.OWNER)
    await stranger.post(path, filed, status=404)
    await stranger.get(path, status=404)
    assert (await owner.post(path, filed))["number"] == 1
    assert (await owner.get(f"/v1/resources/{made['id']}"))["risk_assessment_sha256"] == EVIDENCE


async def test_assessments_are_versions_of_which_the_newest_counts(owner: Party, operator: Party) -> None:
    resource_id = await held_resource(owner, classification="IMPORTANT")
    path = f"/v1/resources/{resource_id}/assessments"
    offer = authorisation_body(operator, resource_id)
    over = {"kind": "risk", "sha256": "a" * 64, "valid_until": "2026-01-01T00:00:00Z"}
    assert slug(await owner.post(path, over, status=422)) == "assessment-over"
    until = datetime.now(UTC) + timedelta(milliseconds=150)
    await owner.post(path, {"kind": "risk", "sha256": "b" * 64, "note": "Good for all time"})
    await owner.post(path, {"kind": "risk", "sha256": "c" * 64, "valid_until": until.isoformat()})
    await asyncio.sleep(0.2)
    # The newest counts, and it is over: one before it that has no end does not stand in for it.
    assert slug(await owner.post("/v1/authorisations", offer, status=409)) == "resource-not-listable"
    third = await owner.post(path, {"kind": "risk", "sha256": "d" * 64, "note": "Assessed again"})
    await owner.post("/v1/authorisations", offer)
    kept = (await owner.get(path))["items"]
    assert [(one["number"], one["sha256"][0]) for one in kept] == [(3, "d"), (2, "c"), (1, "b")]
    assert kept[0] == third


async def test_decisions_about_a_resource_name_who_answers_for_them(
    owner: Party, regulator: Party, app: Litestar, sessions: SessionMaker
) -> None:
    someone = await make_person(sessions, owner.organisation_id, [Role.DATA_OWNER])
    person = await sign_in(app, someone.email)
    answer = await person.post("/v1/resources", json=resource_body(), headers={"Idempotency-Key": "one"})
    await person.aclose()
    made = answer.json()
    await regulator.post(
        f"/v1/resources/{made['id']}/suspension", {"reason": "Because of a complaint"}, status=200
    )
    async with transaction(sessions) as session:
        entries = await audit.list_about(session, [UUID(made["id"])], 10)
    decided = {entry.action: entry.detail for entry in entries}
    assert decided["resource.created"]["responsible"] == str(someone.id)
    # The test's programs were made by the service itself.
    assert decided["resource.suspended"] == {"reason": "Because of a complaint", "responsible": None}
