"""What came to weigh on a resource after an authorisation was offered keeps it from being signed, and only that."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from infra.auth import Actor, OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.organisation_status import OrganisationStatus
from listings.rights import encumbrances
from tests.support.parties import Party
from tests.support.problems import slug
from tests.support.products import (
    EVIDENCE,
    STEP,
    active_authorisation,
    authorisation_body,
    granted,
    held_resource,
    right_body,
)

PATH = "/v1/authorisations"
REASON = {"reason": "依据材料"}
GROUND = {"reason": "The plan was changed", "legal_basis": "示范市公共数据授权运营实施方案（修订）"}


async def pledged(owner: Party, buyer: Party, resource_id: str) -> str:
    """A pledge of the owner's right that waits for the pledgee: where it is."""
    right = (await owner.get(f"/v1/resources/{resource_id}/rights"))["items"][-1]
    body = {
        "grounds": "Loan agreement",
        "evidence_sha256": EVIDENCE,
        "pledgee_id": str(buyer.organisation_id),
    }
    pledge = await owner.post(f"/v1/rights/{right['id']}/pledges", body)
    return f"/v1/encumbrances/{pledge['id']}"


async def test_a_pledge_keeps_each_step_from_being_taken_until_it_is_released(
    owner: Party, operator: Party, buyer: Party
) -> None:
    resource_id = await held_resource(owner)
    body = operator.authorising_body
    assert body is not None
    offered = await owner.post(PATH, authorisation_body(operator, resource_id))
    path = f"{PATH}/{offered['id']}"
    for party, step in ((body, "grant"), (operator, "acceptance")):
        pledge = await pledged(owner, buyer, resource_id)
        await buyer.post(f"{pledge}/confirmation", REASON, status=200)
        refused = await party.post(f"{path}/{step}", STEP, status=409)
        assert slug(refused) == "right-encumbered"
        # The remedy: whoever signs sees what weighs on the right, and signs once it has ended.
        where = refused["remedy"].split("GET ")[1].split(" ")[0]
        links = (await party.get(where))["links"]
        assert [one["kind"] for one in links[0]["encumbrances"]] == ["pledge"]
        await buyer.post(f"{pledge}/release", REASON, status=200)
        shown = await party.post(f"{path}/{step}", STEP, status=200)
    assert shown["status"] == "active"


async def test_a_frozen_right_and_a_suspended_resource_keep_the_operator_from_accepting(
    owner: Party, operator: Party, regulator: Party
) -> None:
    resource_id = await held_resource(owner)
    offered = await owner.post(PATH, authorisation_body(operator, resource_id))
    path = f"{PATH}/{offered['id']}"
    await granted(offered["id"], operator)
    right = (await owner.get(f"/v1/resources/{resource_id}/rights"))["items"][0]
    grounds = {"grounds": "Order of the court", "evidence_sha256": EVIDENCE}
    freeze = await regulator.post(f"/v1/rights/{right['id']}/freezes", grounds)
    assert slug(await operator.post(f"{path}/acceptance", STEP, status=409)) == "right-encumbered"
    await operator.post(f"{path}/refusal", REASON, status=200)
    # Nor is it offered meanwhile, and who offers it learns what weighs on which right.
    refused = await owner.post(PATH, authorisation_body(operator, resource_id), status=409)
    assert slug(refused) == "right-encumbered"
    assert f"GET /v1/rights/{right['id']}/chain-of-title" in refused["remedy"]
    lift = {"decision": "lifting", "reason": "Order was lifted"}
    await regulator.post(f"/v1/encumbrances/{freeze['id']}/ruling", lift, status=200)
    offered = await owner.post(PATH, authorisation_body(operator, resource_id))
    path = f"{PATH}/{offered['id']}"
    await granted(offered["id"], operator)
    await regulator.post(f"/v1/resources/{resource_id}/suspension", REASON, status=200)
    assert slug(await operator.post(f"{path}/acceptance", STEP, status=409)) == "authorisation-not-live"
    await regulator.post(f"/v1/resources/{resource_id}/reinstatement", REASON, status=200)
    await owner.post(f"/v1/rights/{right['id']}/revocation", REASON, status=200)
    ended = await operator.post(f"{path}/acceptance", STEP, status=409)
    assert slug(ended) == "right-ended"
    # Its remedy: declined, and offered anew on a right in force.
    await operator.post(f"{path}/refusal", REASON, status=200)
    await owner.post(f"/v1/resources/{resource_id}/rights", right_body())
    await active_authorisation(owner, operator, resource_id)


async def test_a_pledged_right_is_not_freed_by_recording_it_again(
    owner: Party, operator: Party, buyer: Party
) -> None:
    resource_id = await held_resource(owner)
    pledge = await pledged(owner, buyer, resource_id)
    await buyer.post(f"{pledge}/confirmation", REASON, status=200)
    again = await owner.post(f"/v1/resources/{resource_id}/rights", right_body())
    refused = await owner.post(PATH, authorisation_body(operator, resource_id), status=409)
    assert slug(refused) == "right-encumbered"
    grant = right_body(kind="USE", grantee_id=str(buyer.organisation_id), may_grant=False)
    del grant["basis"]
    assert slug(await owner.post(f"/v1/rights/{again['id']}/grants", grant, status=409)) == "right-encumbered"
    await buyer.post(f"{pledge}/release", REASON, status=200)
    await owner.post(PATH, authorisation_body(operator, resource_id))


async def amended(
    party: Party, authorisation_id: str, *, status: int = 200, **changes: Any
) -> dict[str, Any]:
    """The preview of an amendment."""
    return await party.post(f"{PATH}/{authorisation_id}/amendment-previews", changes, status=status)


async def test_a_pledged_right_is_narrowed_and_not_widened(
    owner: Party, operator: Party, buyer: Party
) -> None:
    resource_id = await held_resource(owner)
    one = await active_authorisation(owner, operator, resource_id, scenarios=["commerce", "insurance"])
    body = operator.authorising_body
    assert body is not None
    sides = (owner, body, operator)

    async def proposed(**changes: Any) -> str:
        shown = await amended(owner, one, **changes)
        sent = changes | GROUND | {"preview_digest": shown["digest"]}
        made = await owner.post(f"{PATH}/{one}/amendments", sent)
        return f"{PATH}/{one}/amendments/{made['id']}"

    wider = await proposed(scenarios=["commerce", "insurance", "education"])
    pledge = await pledged(owner, buyer, resource_id)
    await buyer.post(f"{pledge}/confirmation", REASON, status=200)
    # Neither proposed nor signed any more: not by the first, and not by the last.
    assert slug(await amended(owner, one, status=409, regions=["100000"])) == "right-encumbered"
    assert slug(await owner.post(f"{wider}/signature", STEP, status=409)) == "right-encumbered"
    await buyer.post(f"{pledge}/release", REASON, status=200)
    for side in sides[:2]:
        await side.post(f"{wider}/signature", STEP, status=200)
    pledge = await pledged(owner, buyer, resource_id)
    await buyer.post(f"{pledge}/confirmation", REASON, status=200)
    assert slug(await operator.post(f"{wider}/signature", STEP, status=409)) == "right-encumbered"
    await operator.post(f"{wider}/refusal", REASON, status=200)
    # What only takes away is proposed and signed by all.
    narrower = await proposed(
        scenarios=["commerce"], shares={"owner": 6000, "operator": 3000, "platform": 1000}
    )
    for side in sides:
        done = await side.post(f"{narrower}/signature", STEP, status=200)
    assert done["status"] == "effective"


@pytest.mark.parametrize("step", ["grant", "acceptance"])
async def test_of_a_pledge_and_a_signature_at_once_the_later_sees_the_earlier(
    owner: Party, operator: Party, buyer: Party, sessions: SessionMaker, step: str
) -> None:
    resource_id = await held_resource(owner)
    offered = await owner.post(PATH, authorisation_body(operator, resource_id))
    if step == "acceptance":
        await granted(offered["id"], operator)
    pledge = await pledged(owner, buyer, resource_id)
    signer = operator if step == "acceptance" else operator.authorising_body
    assert signer is not None
    pledgee = Actor(
        "program",
        new_id(),
        buyer.organisation_id,
        OrganisationKind.BUYER,
        frozenset({Role.BUYER}),
        OrganisationStatus.VERIFIED,
    )
    async with transaction(sessions) as session:
        await encumbrances.confirm(session, pledgee, UUID(pledge.rsplit("/", 1)[1]), "Confirmed")
        signing = asyncio.create_task(signer.http.post(f"{PATH}/{offered['id']}/{step}", json=STEP))
        await asyncio.sleep(0.3)
        assert not signing.done(), "it waits for what is being decided about the right"
    answer = await signing
    assert (answer.status_code, slug(answer.json())) == (409, "right-encumbered")
