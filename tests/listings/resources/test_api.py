"""Resources over HTTP: who registers, who sees, what is refused."""

from infra.auth import OrganisationKind
from infra.db import new_id
from tests.support.parties import Party, PartyMaker
from tests.support.products import EVIDENCE, active_authorisation, held_resource, resource_body


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
    path = f"/v1/resources/{made['id']}/risk-assessment"
    filed = {"sha256": EVIDENCE, "note": "Assessed by the bureau's security office: acceptable."}
    await (await party(OrganisationKind.OWNER)).put(path, filed, status=404)
    assert (await owner.put(path, filed))["risk_assessment_sha256"] == EVIDENCE
