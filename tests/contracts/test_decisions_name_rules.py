"""Agreements, signatures, products, rights and reviews name the rules they were decided under."""

from datetime import datetime

import pytest

from tests.support.bargain import Bargain
from tests.support.products import authorisation_body, held_resource

LISTING = ["listing.core_data_refused", "listing.important_data_needs_assessment"]
PUBLICATION = [*LISTING, "listing.personal_needs_impact_assessment"]
KEPT = ["records.retention_years"]


def keys(decision: dict[str, object]) -> list[str]:
    rules = decision["rules"]
    assert isinstance(rules, list)
    assert all(item["version"] == 1 for item in rules)
    return [item["key"] for item in rules]


async def test_every_decision_of_a_trade_names_the_versions_it_read(untouched_bargain: Bargain) -> None:
    bargain = untouched_bargain
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    assert keys(product) == PUBLICATION
    right = (await bargain.owner.get(f"/v1/resources/{product['resource_id']}/rights"))["items"][0]
    assert keys(right) == KEPT
    recorded, kept = (datetime.fromisoformat(right[name]) for name in ("recorded_at", "evidence_kept_until"))
    assert kept.year - recorded.year == 30
    authorisation = await bargain.owner.get(f"/v1/authorisations/{product['authorisation_id']}")
    # Who accepts is asked again whether the resource may be listed.
    assert keys(authorisation) == ["authorisation.max_term_years", *LISTING]
    ordered = await bargain.order()
    assert keys(ordered) == LISTING
    agreement = await bargain.sign(ordered)
    operator, buyer = agreement["signatures"]
    # The buyer's signature concludes, so the product must still be one that may be traded.
    assert (keys(operator), keys(buyer)) == (KEPT, LISTING + KEPT)
    review = await bargain.regulator.post(
        f"/v1/contract-reviews/{agreement['id']}", {"note": "within the purpose"}
    )
    assert keys(review) == KEPT
    assert review["kept_until"] > review["reviewed_at"]
    # Asked as of the decision's time, the rulebook has the same versions.
    then = agreement["requested_at"].replace("+00:00", "Z")
    in_force = (await bargain.buyer.get(f"/v1/rulebook?at={then}"))["items"]
    versions = {item["key"]: item["version"] for item in in_force}
    assert {item["key"]: item["version"] for item in ordered["rules"]}.items() <= versions.items()


@pytest.mark.parametrize("classification", ["CORE", "IMPORTANT"])
async def test_the_law_on_classified_data_is_read_from_the_rulebook(
    untouched_bargain: Bargain, classification: str
) -> None:
    owner, operator = untouched_bargain.owner, untouched_bargain.operator
    resource_id = await held_resource(owner, classification=classification)
    refused = await owner.post("/v1/authorisations", authorisation_body(operator, resource_id), status=409)
    assert refused["type"].endswith(":resource-not-listable")
