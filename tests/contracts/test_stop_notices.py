"""What a buyer is told of a stopped licence: the truth, and what to do that works."""

from uuid import UUID

import pytest

from contracts.licences.notices import ActiveStop, stop_notice
from infra.auth import OrganisationKind
from infra.db import new_id
from tests.support.bargain import Bargain
from tests.support.products import CSV, settle_quality, upload

REASON = {"reason": "The siting study is done"}
LICENCE, AGREEMENT, BUYER, OTHER = (UUID(int=n) for n in range(1, 5))


def stop(kind: str, **changes: object) -> ActiveStop:
    known = {"subject_id": new_id(), "reason": kind, "final": False, "placed_by": OTHER}
    return ActiveStop(kind, **(known | {"placed_by_kind": OrganisationKind.REGULATOR} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stops", "told", "remedy"),
    [
        ([stop("product")], "The regulator has suspended the product: product", "Ask the regulator"),
        (
            [stop("product"), stop("agreement", final=True, placed_by=BUYER)],
            "Your organisation ended the agreement: agreement",
            "Order the product again",
        ),
        ([stop("agreement", final=True)], "The operator ended the agreement", "Ask the operator why"),
        ([stop("authorisation", final=True)], "The authorisation was ended for good", "GET /v1/catalogue"),
        ([stop("organisation", subject_id=BUYER)], "Your organisation is suspended", "/appeals"),
        ([stop("right", placed_by_kind=None)], "The right to the data is suspended", "Ask the platform"),
        ([stop("right_above")], "The right to the data is frozen: right_above", "Ask the owner"),
        ([stop("right_encumbrance")], "The right to the data is frozen", "Ask the owner"),
        ([stop("product_class", placed_by_kind=None)], "may not be offered as it is", "Ask the operator"),
        ([stop("licence", final=True)], "The licence was ended for good", "Order the product again within"),
    ],
)
def test_the_stop_that_decides_is_told(stops: list[ActiveStop], told: str, remedy: str) -> None:
    notice = stop_notice(stops, licence_id=LICENCE, agreement_id=AGREEMENT, buyer_id=BUYER)
    assert told in notice.detail
    assert remedy in notice.remedy
    assert [item["reason"] for item in notice.stops] == [each.reason for each in stops]


async def test_a_buyer_who_ended_the_agreement_is_told_so_and_orders_again(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    await bargain.buyer.post(f"/v1/agreements/{agreement['id']}/termination", REASON)
    refused = (await bargain.read(token)).json()
    no_token = await bargain.buyer.post(f"/v1/licences/{agreement['licence_id']}/tokens", status=409)
    for problem in (refused, no_token):
        assert problem["detail"] == f"Your organisation ended the agreement: {REASON['reason']}"
        assert problem["remedy"] == "Order the product again: POST /v1/agreements."
    _, again = await bargain.licensed()
    assert (await bargain.read(again)).status_code == 200


async def test_a_suspended_revision_gives_way_to_the_good_one_before_it(bargain: Bargain) -> None:
    _, token = await bargain.licensed()
    first = (await bargain.operator.get(f"/v1/products/{bargain.product_id}/revisions"))["items"][0]
    second = await upload(
        bargain.operator, bargain.product_id, CSV + b"S9,2026-02-01T00:00:00Z,1.5,13800000099\n"
    )
    await settle_quality(bargain.operator, second["id"])
    listing = f"/v1/catalogue/{bargain.product_id}"
    assert (await bargain.buyer.get(listing))["revision"]["id"] == second["id"]
    reason = {"reason": "It holds identity numbers"}
    suspended = await bargain.regulator.post(f"/v1/revisions/{second['id']}/suspension", reason, status=200)
    assert suspended["stopped"] == [reason["reason"]]
    assert (await bargain.buyer.get(listing))["revision"]["id"] == first["id"]
    # What buyers were promised is still what the next file is held to, and whose values are not shown any more.
    narrower = b"station,time\n" + b"S1,2026-01-01T00:00:00Z\n" * 3
    broken = await upload(bargain.operator, bargain.product_id, narrower)
    assert broken["change"]["status"] == "proposed"
    await bargain.buyer.get(f"/v1/revisions/{second['id']}/quality-report", status=404)
    await bargain.operator.get(f"/v1/revisions/{second['id']}/quality-report")
    await bargain.regulator.post(f"/v1/revisions/{first['id']}/suspension", reason, status=200)
    gone = await bargain.buyer.get(listing, status=404)
    assert gone["type"].endswith(":revision-suspended")
    assert reason["reason"] in gone["detail"]
    assert token
    for revision in (first, second):
        await bargain.regulator.post(f"/v1/revisions/{revision['id']}/reinstatement", reason, status=200)
    assert (await bargain.buyer.get(listing))["revision"]["id"] == second["id"]


async def test_nothing_new_is_made_of_a_suspended_resource_or_right(bargain: Bargain) -> None:
    agreement = await bargain.order()
    await bargain.sign(agreement)
    held = agreement["document"]
    authorisation = await bargain.owner.get(f"/v1/authorisations/{held['authorisation_id']}")
    kept = (
        "authorising_body_id",
        "operator_id",
        "resource_ids",
        "mode",
        "regions",
        "purposes",
        "valid_from",
        "valid_until",
        "shares",
    )
    offer = {name: authorisation[name] for name in (*kept, "consideration")}
    offer |= {"scenarios": ["environmental_services"], "exclusive": False, "legal_basis": "As before"}
    resource = f"/v1/resources/{held['resource_id']}"
    for path, refusal in (
        (resource, "authorisation-not-live"),
        (f"{resource}/rights/{held['right_id']}", "right-missing"),
    ):
        stopped = await bargain.owner.post(f"{path}/suspension", REASON, status=200)
        assert stopped["stopped"] == [REASON["reason"]]
        refused = await bargain.owner.post("/v1/authorisations", offer, status=409)
        assert refused["type"].endswith(refusal)
        await bargain.buyer.post("/v1/agreements", bargain.order_body(), status=409)
        await bargain.owner.post(f"{path}/reinstatement", REASON, status=200)
    await bargain.owner.post("/v1/authorisations", offer)
    await bargain.order()
