"""Rights over HTTP."""

from infra.auth import OrganisationKind
from tests.support.parties import Party, PartyMaker
from tests.support.products import resource_body, right_body


async def test_an_owner_records_the_three_rights(owner: Party, regulator: Party) -> None:
    resource = await owner.post("/v1/resources", resource_body())
    path = f"/v1/resources/{resource['id']}/rights"
    made = [await owner.post(path, right_body(kind=kind)) for kind in ("HOLD", "USE", "OPERATE")]
    assert made[0]["labels"] == {
        "zh_2022": "数据资源持有权",
        "zh_2025": "数据持有权",
        "en": "right to hold",
    }
    assert made[0]["holder_name"] == {"zh": "测试owner", "en": "Test owner"}
    assert (await owner.get(path))["items"] == made[::-1]
    assert (await regulator.get(path))["items"] == made[::-1]


async def test_nobody_records_rights_to_others_resources(owner: Party, party: PartyMaker) -> None:
    resource = await owner.post("/v1/resources", resource_body())
    path = f"/v1/resources/{resource['id']}/rights"
    stranger = await party(OrganisationKind.OWNER)
    await stranger.post(path, right_body(), status=404)
    await stranger.get(path, status=404)


async def test_a_right_ends_after_it_begins_and_shows_evidence(owner: Party) -> None:
    resource = await owner.post("/v1/resources", resource_body())
    path = f"/v1/resources/{resource['id']}/rights"
    reversed_term = right_body(valid_until="2019-01-01T00:00:00Z")
    assert (await owner.post(path, reversed_term, status=422))["type"].endswith(":right-term")
    await owner.post(path, right_body(evidence_sha256="nothing"), status=422)
    for moment in ("2020-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        await owner.post(path, right_body(valid_from=moment), status=422)
