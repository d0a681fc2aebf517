"""Data contracts over HTTP."""

from typing import Any

import httpx
import yaml

from infra.auth import OrganisationKind
from tests.support.bargain import Bargain
from tests.support.odcs import require_standard, write_standard
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import complete, draft

YAML = "application/yaml"


async def fetch(party: Party, product_id: str, accept: str = YAML, **query: str) -> httpx.Response:
    answer = await party.http.get(
        f"/v1/products/{product_id}/data-contract", headers={"Accept": accept}, params=query
    )
    assert answer.status_code == 200, answer.text
    require_standard(answer.text)
    return answer


async def send(
    party: Party,
    product_id: str,
    text: str | bytes,
    *,
    media_type: str = YAML,
    status: int = 200,
    **query: str,
) -> dict[str, Any]:
    answer = await party.http.put(
        f"/v1/products/{product_id}/data-contract",
        content=text,
        headers={"Content-Type": media_type},
        params=query,
    )
    assert answer.status_code == status, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_a_contract_that_is_sent_back_changes_nothing_and_an_edited_one_is_the_suite(
    owner: Party, operator: Party
) -> None:
    product_id = await complete(owner, operator)
    suite = (await operator.get(f"/v1/products/{product_id}/quality-suite"))["in_force"]
    answer = await fetch(operator, product_id)
    assert answer.headers["content-type"].startswith(YAML)
    for media_type in (YAML, "application/json"):
        text = (await fetch(operator, product_id, media_type)).content
        same = await send(operator, product_id, text, media_type=media_type)
        assert (same["suite"]["id"], same["changes"]) == (suite["id"], [])
    document = yaml.safe_load(answer.text)
    assert document["kind"] == "DataContract"
    assert document["slaProperties"][0]["property"] == "frequency"
    station = next(entry for entry in document["schema"][0]["properties"] if entry["name"] == "station")
    station.setdefault("quality", []).append(
        {
            "name": "known stations",
            "metric": "invalidValues",
            "arguments": {"validValues": [f"S{n}" for n in range(7)]},
            "mustBeLessThan": 5,
            "unit": "percent",
        }
    )
    written = await send(operator, product_id, yaml.safe_dump(document))
    assert (written["suite"]["origin"], written["suite"]["number"]) == ("imported", 2)
    assert [change["name"] for change in written["changes"]] == ["known stations"]
    # It names the version that it was written on, which is not the one there is now.
    assert slug(await send(operator, product_id, yaml.safe_dump(document | {"name": "x"}), status=409)) == (
        "quality-suite-changed"
    )
    foreign = write_standard(
        {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "schema": [{"quality": [{"metric": "rowCount", "mustBeGreaterThan": 9}]}],
        }
    )
    assert slug(await send(operator, product_id, foreign, status=409)) == "quality-suite-changed"
    taken = await send(operator, product_id, foreign, based_on=written["suite"]["digest"])
    assert [check["arguments"] for check in taken["suite"]["checks"]] == [{"minimum": "10"}]


async def test_files_that_are_no_contract_are_refused(owner: Party, operator: Party) -> None:
    product_id = await complete(owner, operator)
    refused = await send(operator, product_id, b"%PDF-1.7 \x00\x01", status=422)
    assert slug(refused) == "data-contract-refused"
    refused = await send(operator, product_id, "kind: Deployment\n", status=422)
    assert (refused["problems"][0]["path"], refused["problems"][0]["line"]) == ("kind", 1)
    await send(operator, product_id, "a,b\n1,2\n", media_type="text/csv", status=415)
    bomb = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 8)}]\n" for n in range(9)
    )
    refused = await send(operator, product_id, bomb, status=422)
    assert refused["problems"][0]["line"] == 1


async def test_a_contract_is_read_by_whom_the_suite_is(bargain: Bargain, party: PartyMaker) -> None:
    product_id = bargain.product_id
    stranger = await party(OrganisationKind.OPERATOR)
    shown = (await fetch(stranger, product_id, "application/json")).json()
    assert shown["status"] == "active"
    assert [entry["name"] for entry in shown["schema"][0]["properties"]] == [
        "station",
        "time",
        "pm25",
        "phone",
    ]
    assert await send(stranger, product_id, yaml.safe_dump(shown), status=404)
    new = await draft(bargain.owner, bargain.operator)
    await stranger.get(f"/v1/products/{new['id']}/data-contract", status=404)
    await bargain.operator.get(f"/v1/products/{new['id']}/data-contract", status=404)
