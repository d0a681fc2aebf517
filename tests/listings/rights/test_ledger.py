"""Rights that are granted on, disputed, pledged and frozen, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker, parties
from tests.support.products import (
    EVIDENCE,
    active_authorisation,
    assessment_body,
    authorisation_body,
    plan_body,
    product_body,
    registered,
    resource_body,
    right_body,
    settle_quality,
    upload,
)

GROUNDS = {"grounds": "市政府第12号决定确认争议", "evidence_sha256": EVIDENCE}
REASON = {"reason": "依据材料"}


def grant_body(grantee: Party, **changes: Any) -> dict[str, Any]:
    return {
        "grantee_id": str(grantee.organisation_id),
        "kind": "USE",
        "may_grant": True,
        "legal_basis": "数据使用协议第三条",
        "evidence_sha256": EVIDENCE,
        "evidence_description": "Signed agreement",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2030-01-01T00:00:00Z",
    } | changes


@pytest.fixture
async def source(party: PartyMaker) -> Party:
    """The agency whose data it is by its duties."""
    return await party(OrganisationKind.OWNER)


async def resource_of(owner: Party) -> str:
    resource = await owner.post("/v1/resources", resource_body())
    await registered(owner, resource["id"])
    return str(resource["id"])


async def right_of(owner: Party, resource_id: str, **changes: Any) -> str:
    right = await owner.post(f"/v1/resources/{resource_id}/rights", right_body(**changes))
    return str(right["id"])


async def granted(grantor: Party, right_id: str, grantee: Party, **changes: Any) -> str:
    """Id of the right that the grantee now has."""
    offered = await grantor.post(f"/v1/rights/{right_id}/grants", grant_body(grantee, **changes))
    await grantee.post(f"/v1/right-grants/{offered['id']}/acceptance", {}, status=200)
    rights = (await grantee.get(f"/v1/resources/{offered['resource_id']}/rights"))["items"]
    return str(rights[0]["id"])


async def entrusted(source: Party, owner: Party, **changes: Any) -> tuple[str, str]:
    """A resource whose data is another agency's, and the right to hold it that this agency granted to its owner."""
    resource_id = await resource_of(owner)
    body = grant_body(owner, kind="HOLD", valid_until=None, **changes)
    body["grantor_id"] = str(source.organisation_id)
    del body["grantee_id"]
    asked = await owner.post(f"/v1/resources/{resource_id}/right-requests", body)
    stated = {
        "legal_basis": "环境保护法第十七条",
        "evidence_sha256": EVIDENCE,
        "evidence_description": "Duties",
    }
    path = f"/v1/right-grants/{asked['id']}/acceptance"
    assert (await source.post(path, {}, status=409))["type"].endswith(":right-missing")
    await source.post(path, {"source": stated}, status=200)
    rights = (await owner.get(f"/v1/resources/{resource_id}/rights"))["items"]
    return resource_id, next(
        right["id"] for right in rights if right["holder_id"] == str(owner.organisation_id)
    )


async def test_the_chain_of_title_leads_up_to_the_source_agency(source: Party, owner: Party) -> None:
    _, right_id = await entrusted(source, owner)
    chain = await owner.get(f"/v1/rights/{right_id}/chain-of-title")
    holders = [link["right"]["holder_id"] for link in chain["links"]]
    assert holders == [str(owner.organisation_id), str(source.organisation_id)]
    assert chain["links"][0]["right"]["parent_id"] == chain["links"][1]["right"]["id"]
    assert chain["links"][0]["right"]["basis"] == "entrusted"
    assert (chain["source_agency"]["zh"], chain["stopped"], chain["grantable"]) == ("测试owner", False, True)
    assert (await source.get(f"/v1/rights/{right_id}/chain-of-title"))["links"] == chain["links"]


async def test_strangers_see_neither_rights_nor_grants(
    source: Party, owner: Party, operator: Party, buyer: Party
) -> None:
    resource_id = await resource_of(owner)
    right_id = await right_of(owner, resource_id)
    offered = await owner.post(f"/v1/rights/{right_id}/grants", grant_body(operator))
    for path in (f"/v1/rights/{right_id}", f"/v1/rights/{right_id}/chain-of-title"):
        await source.get(path, status=404)
    assert (await source.get("/v1/right-grants"))["items"] == []
    await source.post(f"/v1/right-grants/{offered['id']}/acceptance", {}, status=404)
    await buyer.post(f"/v1/rights/{right_id}/grants", grant_body(operator), status=403)
    assert [one["id"] for one in (await operator.get("/v1/right-grants"))["items"]] == [offered["id"]]


async def test_nobody_grants_more_than_they_have(owner: Party, operator: Party, source: Party) -> None:
    resource_id = await resource_of(owner)
    right_id = await right_of(owner, resource_id, valid_until="2029-01-01T00:00:00Z")
    longer = grant_body(operator)
    refused = await owner.post(f"/v1/rights/{right_id}/grants", longer, status=409)
    assert "whole term" in refused["detail"]
    use = await granted(owner, right_id, operator, valid_until="2028-01-01T00:00:00Z", may_grant=False)
    shorter = grant_body(source, valid_until="2027-01-01T00:00:00Z")
    assert (
        "without the right"
        in (await operator.post(f"/v1/rights/{use}/grants", shorter, status=409))["detail"]
    )
    await owner.post(f"/v1/rights/{right_id}/grants", grant_body(owner), status=409)
    operate = await granted(owner, right_id, operator, kind="OPERATE", valid_until="2028-01-01T00:00:00Z")
    wider = grant_body(source, kind="USE", valid_until="2027-01-01T00:00:00Z")
    assert "OPERATE" in (await operator.post(f"/v1/rights/{operate}/grants", wider, status=409))["detail"]


async def test_a_grant_is_decided_once_by_the_other_side(owner: Party, operator: Party) -> None:
    right_id = await right_of(owner, await resource_of(owner))
    offered = await owner.post(f"/v1/rights/{right_id}/grants", grant_body(operator))
    path = f"/v1/right-grants/{offered['id']}"
    await owner.post(f"{path}/acceptance", {}, status=403)
    await operator.post(f"{path}/withdrawal", REASON, status=403)

    async def send(party: Party, what: str, body: dict[str, Any]) -> int:
        answer = await party.http.post(f"{path}/{what}", json=body)
        return answer.status_code

    outcomes = await asyncio.gather(
        send(operator, "acceptance", {}), send(operator, "acceptance", {}), send(owner, "withdrawal", REASON)
    )
    assert sorted(outcomes) == [200, 409, 409]


async def test_a_pledge_keeps_the_right_from_being_granted_until_it_is_released(
    owner: Party, operator: Party, buyer: Party
) -> None:
    resource_id = await resource_of(owner)
    right_id = await right_of(owner, resource_id)
    body = GROUNDS | {"pledgee_id": str(buyer.organisation_id)}
    pledge = await owner.post(f"/v1/rights/{right_id}/pledges", body)
    path = f"/v1/encumbrances/{pledge['id']}"
    # Not confirmed yet: it weighs nothing.
    offered = await owner.post(f"/v1/rights/{right_id}/grants", grant_body(operator))
    await owner.post(f"{path}/confirmation", REASON, status=403)
    await buyer.post(f"{path}/confirmation", REASON, status=200)
    await owner.post(f"{path}/withdrawal", REASON, status=409)
    refused = await owner.post(f"/v1/rights/{right_id}/grants", grant_body(operator), status=409)
    assert refused["type"].endswith(":right-encumbered")
    await operator.post(f"/v1/right-grants/{offered['id']}/acceptance", {}, status=409)
    await owner.post("/v1/authorisations", authorisation_body(operator, resource_id), status=409)
    await owner.post(f"/v1/rights/{right_id}/revocation", REASON, status=409)
    chain = await owner.get(f"/v1/rights/{right_id}/chain-of-title")
    assert (chain["stopped"], chain["grantable"]) == (False, False)
    assert [one["kind"] for one in chain["links"][0]["encumbrances"]] == ["pledge"]
    released = await buyer.post(f"{path}/release", REASON, status=200)
    assert (released["status"], released["outcome"]) == ("ended", "released")
    await buyer.post(f"{path}/release", REASON, status=409)
    await operator.post(f"/v1/right-grants/{offered['id']}/acceptance", {}, status=200)


async def test_a_dispute_stops_nothing_until_a_regulator_admits_it(
    owner: Party, operator: Party, buyer: Party, regulator: Party
) -> None:
    resource_id = await resource_of(owner)
    right_id = await right_of(owner, resource_id)
    below = await granted(owner, right_id, operator)
    dispute = await buyer.post(f"/v1/rights/{right_id}/disputes", GROUNDS)
    path = f"/v1/encumbrances/{dispute['id']}"
    assert (await owner.get(f"/v1/rights/{below}"))["stopped"] == []
    await owner.post(f"{path}/ruling", {"decision": "dismissal", "reason": "没有依据"}, status=403)
    await regulator.post(f"{path}/ruling", {"decision": "lifting", "reason": "解除"}, status=409)
    await regulator.post(f"{path}/ruling", {"decision": "upholding", "reason": "成立"}, status=409)
    await regulator.post(f"{path}/ruling", {"decision": "admission", "reason": "受理争议"}, status=200)
    for one in (right_id, below):
        assert (await owner.get(f"/v1/rights/{one}"))["stopped"] == ["受理争议"]
    await regulator.post(f"{path}/ruling", {"decision": "dismissal", "reason": "证据不足"}, status=200)
    for one in (right_id, below):
        assert (await owner.get(f"/v1/rights/{one}"))["stopped"] == []
    await buyer.post(f"{path}/withdrawal", REASON, status=409)


async def test_an_admitted_dispute_may_leave_the_use_as_it_is(
    owner: Party, operator: Party, buyer: Party, regulator: Party
) -> None:
    right_id = await right_of(owner, await resource_of(owner))
    dispute = await buyer.post(f"/v1/rights/{right_id}/disputes", GROUNDS)
    ruling = {"decision": "admission", "reason": "受理", "use_continues": True}
    await regulator.post(f"/v1/encumbrances/{dispute['id']}/ruling", ruling, status=200)
    assert (await owner.get(f"/v1/rights/{right_id}"))["stopped"] == []
    await owner.post(f"/v1/rights/{right_id}/grants", grant_body(operator), status=409)


async def test_a_dispute_that_is_upheld_ends_the_right_and_all_below_it(
    owner: Party, operator: Party, buyer: Party, regulator: Party
) -> None:
    right_id = await right_of(owner, await resource_of(owner))
    below = await granted(owner, right_id, operator)
    dispute = await buyer.post(f"/v1/rights/{right_id}/disputes", GROUNDS)
    path = f"/v1/encumbrances/{dispute['id']}/ruling"
    for decision in ("admission", "upholding"):
        await regulator.post(path, {"decision": decision, "reason": "权属另有归属"}, status=200)
    assert (await owner.get(f"/v1/rights/{below}"))["stopped"] == ["权属另有归属"]
    await regulator.post(f"/v1/rights/{right_id}/freezes", GROUNDS, status=409)
    await owner.post(f"/v1/rights/{right_id}/revocation", REASON, status=409)
    await buyer.post(f"/v1/rights/{right_id}/disputes", GROUNDS, status=409)


async def test_two_freezes_one_above_the_other_end_one_by_one(
    owner: Party, operator: Party, source: Party, regulator: Party
) -> None:
    top = await right_of(owner, await resource_of(owner))
    middle = await granted(owner, top, operator)
    bottom = await granted(operator, middle, source, valid_until="2029-01-01T00:00:00Z")

    async def stopped() -> list[bool]:
        return [bool((await regulator.get(f"/v1/rights/{one}"))["stopped"]) for one in (top, middle, bottom)]

    lift = {"decision": "lifting", "reason": "法院解除"}
    above = await regulator.post(f"/v1/rights/{top}/freezes", GROUNDS)
    below = await regulator.post(f"/v1/rights/{middle}/freezes", GROUNDS)
    assert await stopped() == [True, True, True]
    await regulator.post(f"/v1/encumbrances/{above['id']}/ruling", lift, status=200)
    assert await stopped() == [False, True, True]
    await regulator.post(f"/v1/encumbrances/{below['id']}/ruling", lift, status=200)
    assert await stopped() == [False, False, False]


async def test_a_freeze_is_not_lifted_with_a_suspension(owner: Party, regulator: Party) -> None:
    resource_id = await resource_of(owner)
    right_id = await right_of(owner, resource_id)
    await regulator.post(f"/v1/rights/{right_id}/freezes", GROUNDS)
    path = f"/v1/resources/{resource_id}/rights/{right_id}"
    await regulator.post(f"{path}/reinstatement", REASON, status=409)
    await regulator.post(f"{path}/suspension", REASON, status=200)
    await regulator.post(f"{path}/reinstatement", REASON, status=200)
    assert (await owner.get(f"/v1/rights/{right_id}"))["stopped"] == [GROUNDS["grounds"]]


async def test_a_transfer_ends_the_right_and_hangs_the_new_one_where_it_was(
    owner: Party, operator: Party, party: PartyMaker
) -> None:
    other = await party(OrganisationKind.OPERATOR)
    root = await right_of(owner, await resource_of(owner))
    use = await granted(owner, root, operator)
    refused = await owner.post(
        f"/v1/rights/{root}/grants", grant_body(operator, form="transfer", kind="HOLD"), status=409
    )
    assert refused["type"].endswith(":right-in-use")
    below = await granted(operator, use, other, valid_until="2028-01-01T00:00:00Z")
    passing = grant_body(other, form="transfer")
    assert (await operator.post(f"/v1/rights/{use}/grants", passing, status=409))["type"].endswith(
        ":right-in-use"
    )
    await other.post(f"/v1/rights/{below}/revocation", REASON, status=200)
    new = await granted(operator, use, other, form="transfer")
    made = await other.get(f"/v1/rights/{new}")
    assert (made["parent_id"], made["stopped"]) == (root, [])
    assert (await owner.get(f"/v1/rights/{use}"))["stopped"] == ["Transferred 已转让"]


@pytest.fixture(scope="module")
async def market(app: Litestar, sessions: SessionMaker) -> AsyncIterator[tuple[Bargain, Party, str]]:
    """A product on data that was entrusted to its owner, the source agency, and the right it rests on."""
    async with parties(app, sessions) as make:
        source, owner, operator, buyer, regulator = [
            await make(kind)
            for kind in (
                OrganisationKind.OWNER,
                OrganisationKind.OWNER,
                OrganisationKind.OPERATOR,
                OrganisationKind.BUYER,
                OrganisationKind.REGULATOR,
            )
        ]
        resource_id, right_id = await entrusted(source, owner)
        authorisation_id = await active_authorisation(owner, operator, resource_id)
        product = await operator.post("/v1/products", product_body(authorisation_id, resource_id))
        path = f"/v1/products/{product['id']}"
        await settle_quality(operator, (await upload(operator, product["id"]))["id"])
        phone = {"name": "phone", "title_zh": "电话", "title_en": "Telephone", "personal": True}
        await operator.put(f"{path}/dictionary", {"columns": [phone]})
        await operator.post(f"{path}/impact-assessments", assessment_body())
        plan = await operator.post("/v1/price-plans", plan_body())
        await operator.put(f"{path}/price-plan", {"plan_id": plan["id"]})
        await operator.post(f"{path}/submission", status=200)
        await regulator.post(f"{path}/approval", {}, status=200)
        yield Bargain(owner, operator, buyer, regulator, product["id"]), source, right_id


async def test_freezing_the_source_agencys_right_stops_the_calls_that_rest_below_it(
    market: tuple[Bargain, Party, str],
) -> None:
    bargain, _, right_id = market
    _, token = await bargain.licensed()
    chain = await bargain.owner.get(f"/v1/rights/{right_id}/chain-of-title")
    root = chain["links"][-1]["right"]["id"]

    async def call() -> httpx.Response:
        return await bargain.read(token)

    assert (await call()).status_code == 200
    freeze = await bargain.regulator.post(f"/v1/rights/{root}/freezes", GROUNDS)
    refused = await call()
    assert refused.status_code == 403
    assert GROUNDS["grounds"] in refused.text
    lift = {"decision": "lifting", "reason": "解除冻结"}
    await bargain.regulator.post(f"/v1/encumbrances/{freeze['id']}/ruling", lift, status=200)
    assert (await call()).status_code == 200


async def test_a_right_that_may_not_be_granted_on_authorises_no_operator(
    source: Party, owner: Party, operator: Party
) -> None:
    resource_id, _ = await entrusted(source, owner, may_grant=False)
    refused = await owner.post("/v1/authorisations", authorisation_body(operator, resource_id), status=409)
    assert refused["type"].endswith(":right-not-grantable")
