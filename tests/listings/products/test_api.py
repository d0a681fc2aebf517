"""Products over HTTP: from draft to publication, four eyes, gates, stops."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from infra.auth import SYSTEM, OrganisationKind
from infra.db import SessionMaker, transaction
from infra.errors import NotFound
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.authorisations.errors import AuthorisationNotLive
from listings.catalogue import service as catalogue
from listings.catalogue.errors import NotTradeable
from listings.revisions import service as revisions
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import (
    CSV,
    active_authorisation,
    complete,
    draft,
    held_resource,
    plan_body,
    product_body,
    published,
    settle_quality,
    submitted,
    upload,
)

REASON = {"reason": "Because of a complaint"}


async def test_the_whole_way_to_the_market(owner: Party, operator: Party, regulator: Party) -> None:
    product_id = await complete(owner, operator)
    path = f"/v1/products/{product_id}"
    assert (await operator.post(f"{path}/submission", status=200))["status"] == "submitted"
    queue = await regulator.get("/v1/products?status=submitted")
    assert product_id in [item["id"] for item in queue["items"]]
    done = await regulator.post(f"{path}/approval", {"note": "In order."}, status=200)
    assert done["status"] == "published"
    assert done["review_note"] == "In order."
    listed = await owner.get(path)
    assert listed["published_at"] is not None
    assert listed["operator_name"] == {"zh": "测试operator", "en": "Test operator"}
    assert listed["owner_name"] == {"zh": "测试owner", "en": "Test owner"}


async def test_products_are_made_on_an_authorisation_in_force(
    owner: Party, operator: Party, party: PartyMaker
) -> None:
    resource_id = await held_resource(owner)
    authorisation_id = await active_authorisation(owner, operator, resource_id)
    elsewhere = await held_resource(owner)
    problem = await operator.post("/v1/products", product_body(authorisation_id, elsewhere), status=409)
    assert slug(problem) == "resource-not-covered"
    other = await party(OrganisationKind.OPERATOR)
    await other.post("/v1/products", product_body(authorisation_id, resource_id), status=404)
    await owner.post("/v1/products", product_body(authorisation_id, resource_id), status=403)
    await owner.post(f"/v1/authorisations/{authorisation_id}/suspension", REASON, status=200)
    problem = await operator.post("/v1/products", product_body(authorisation_id, resource_id), status=409)
    assert slug(problem) == "authorisation-not-live"


async def test_others_drafts_do_not_exist(
    owner: Party, operator: Party, regulator: Party, buyer: Party, party: PartyMaker
) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}"
    for stranger in (regulator, buyer, await party(OrganisationKind.OPERATOR)):
        await stranger.get(path, status=404)
        await stranger.get(f"{path}/revisions", status=404)
        assert (await stranger.get("/v1/products?status=draft"))["items"] == []
    await regulator.post(f"{path}/approval", {}, status=404)
    assert await owner.get(path) == product


async def test_an_incomplete_product_is_told_everything_it_lacks(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}"
    problem = await operator.post(f"{path}/submission", status=409)
    assert [gap["code"] for gap in problem["missing"]] == ["revision", "price_plan"]
    revision = await upload(operator, product["id"])
    await settle_quality(operator, revision["id"], passed=False)
    problem = await operator.post(f"{path}/submission", status=409)
    # The file holds mobile numbers, and neither its resource nor its dictionary says so.
    assert [gap["code"] for gap in problem["missing"]] == ["quality_report", "price_plan", "personal_content"]
    assert slug(problem) == "product-incomplete"


async def test_personal_information_must_be_located_before_submission(owner: Party, operator: Party) -> None:
    resource_id = await held_resource(owner, personal_information=True)
    authorisation_id = await active_authorisation(owner, operator, resource_id)
    product = await operator.post("/v1/products", product_body(authorisation_id, resource_id))
    await settle_quality(operator, (await upload(operator, product["id"]))["id"])
    problem = await operator.post(f"/v1/products/{product['id']}/submission", status=409)
    assert "dictionary" in [gap["code"] for gap in problem["missing"]]


async def test_four_eyes(owner: Party, operator: Party, buyer: Party, regulator: Party) -> None:
    product_id = await submitted(owner, operator)
    for party in (owner, operator, buyer):
        await party.post(f"/v1/products/{product_id}/approval", {}, status=403)
    await regulator.post(f"/v1/products/{product_id}/submission", status=403)


async def test_what_is_returned_can_be_mended(owner: Party, operator: Party, regulator: Party) -> None:
    product_id = await submitted(owner, operator)
    path = f"/v1/products/{product_id}"
    text = product_body("", "") | {"title_en": "Air"}
    del text["authorisation_id"], text["resource_id"]
    assert slug(await operator.put(path, text, status=409)) == "product-state"
    await operator.put(f"{path}/dictionary", {"columns": []}, status=409)
    await upload(operator, product_id, CSV + b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n", status=409)
    await regulator.post(f"{path}/return", {"reason": ""}, status=422)
    returned = await regulator.post(
        f"{path}/return", {"reason": "Say what the unit of PM2.5 is."}, status=200
    )
    assert returned["status"] == "draft"
    assert (await operator.get(path))["review_note"] == "Say what the unit of PM2.5 is."
    assert (await operator.put(path, text))["title_en"] == "Air"
    await operator.post(f"{path}/submission", status=200)
    await regulator.post(f"{path}/approval", {}, status=200)


async def test_of_two_approvals_at_once_one_is_told(owner: Party, operator: Party, party: PartyMaker) -> None:
    product_id = await submitted(owner, operator)
    officers = [await party(OrganisationKind.REGULATOR) for _ in range(2)]
    answers = await asyncio.gather(
        *(officer.http.post(f"/v1/products/{product_id}/approval", json={}) for officer in officers)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_approval_and_return_at_once_exclude_each_other(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await submitted(owner, operator)
    path = f"/v1/products/{product_id}"
    answers = await asyncio.gather(
        regulator.http.post(f"{path}/approval", json={}),
        regulator.http.post(f"{path}/return", json=REASON),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_approval_is_refused_when_the_authorisation_has_been_suspended(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await submitted(owner, operator)
    product = await operator.get(f"/v1/products/{product_id}")
    await owner.post(f"/v1/authorisations/{product['authorisation_id']}/suspension", REASON, status=200)
    problem = await regulator.post(f"/v1/products/{product_id}/approval", {}, status=409)
    assert slug(problem) == "authorisation-not-live"


async def test_suspension_is_one_stop_and_each_side_lifts_its_own(
    owner: Party, operator: Party, regulator: Party, sessions: SessionMaker
) -> None:
    product_id = await published(owner, operator, regulator)
    path = f"/v1/products/{product_id}"
    await owner.post(f"{path}/suspension", REASON, status=403)
    await regulator.post(f"{path}/suspension", REASON, status=200)
    async with transaction(sessions) as session:
        assert len(await stops.active(session, [UUID(product_id)])) == 1
        with pytest.raises(NotTradeable):
            await catalogue.get_tradeable_product(session, UUID(product_id), await rulebook.in_force(session))
    assert slug(await operator.post(f"{path}/reinstatement", REASON, status=409)) == "not-stopped"
    await operator.post(f"{path}/suspension", {"reason": "Being repaired"}, status=200)
    left = await regulator.post(f"{path}/reinstatement", REASON, status=200)
    assert (left["status"], left["stopped"]) == ("published", ["Being repaired"])
    free = await operator.post(f"{path}/reinstatement", REASON, status=200)
    assert (free["status"], free["stopped"]) == ("published", [])


async def test_what_was_never_on_the_market_is_not_suspended(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await submitted(owner, operator)
    path = f"/v1/products/{product_id}"
    assert slug(await regulator.post(f"{path}/suspension", REASON, status=409)) == "product-state"
    await regulator.post(f"{path}/return", REASON, status=200)
    assert slug(await operator.post(f"{path}/suspension", REASON, status=409)) == "product-state"


async def test_a_withdrawn_product_takes_no_orders_and_keeps_its_promises(
    owner: Party, operator: Party, regulator: Party, sessions: SessionMaker
) -> None:
    product_id = await published(owner, operator, regulator)
    await operator.post(f"/v1/products/{product_id}/withdrawal", REASON, status=200)
    async with transaction(sessions) as session:
        with pytest.raises(NotFound):
            await catalogue.get_tradeable_product(session, UUID(product_id), await rulebook.in_force(session))
        assert (await revisions.get_current_revision(session, UUID(product_id))).number == 1
        assert not await stops.active(session, [UUID(product_id)])
    await operator.post(f"/v1/products/{product_id}/withdrawal", REASON, status=409)


async def test_a_contract_finds_everything_it_copies(
    owner: Party, operator: Party, regulator: Party, sessions: SessionMaker
) -> None:
    product_id = await published(owner, operator, regulator)
    product = await operator.get(f"/v1/products/{product_id}")
    async with transaction(sessions) as session:
        facts = await catalogue.get_tradeable_product(
            session, UUID(product_id), await rulebook.in_force(session)
        )
    assert facts.operator_id == operator.organisation_id
    assert facts.owner_id == owner.organisation_id
    assert facts.columns == ("station", "time", "pm25", "phone")
    assert facts.shares == {"owner": 5000, "operator": 4000, "platform": 1000}
    assert facts.purposes == ("industry", "public_welfare")
    assert facts.scenarios == ("environmental_services",)
    assert str(facts.plan_id) == product["plan_id"]
    assert facts.revision.rows == 60
    assert {UUID(product_id), facts.resource_id, facts.right_id, facts.authorisation_id} <= set(facts.links)
    assert {facts.owner_id, facts.operator_id} <= set(facts.links)


@pytest.mark.parametrize("link", range(6))
async def test_a_stop_on_any_link_takes_the_product_off_the_market(
    untouched_bargain: Bargain, session: Any, link: int
) -> None:
    product_id = UUID(untouched_bargain.product_id)
    facts = await catalogue.get_tradeable_product(session, product_id, await rulebook.in_force(session))
    assert len(facts.links) == 6
    await stops.place(session, SYSTEM, subject_kind="link", subject_id=facts.links[link], reason="test")
    refusal = AuthorisationNotLive if facts.links[link] != product_id else NotTradeable
    with pytest.raises(refusal):
        await catalogue.get_tradeable_product(session, product_id, await rulebook.in_force(session))


async def test_a_quote_prices_a_stated_use(
    owner: Party, operator: Party, regulator: Party, buyer: Party
) -> None:
    product_id = await published(owner, operator, regulator)
    path = f"/v1/products/{product_id}/quotes"
    use = {"units": {"calls": 300, "rows": 5000}, "purpose": "industry"}
    quote = await buyer.post(path, use, status=200)
    assert quote["total"] == {"amount": "15.00", "currency": "CNY"}
    assert [line["metric"] for line in quote["lines"]] == ["calls", "rows"]
    free = await buyer.post(path, use | {"purpose": "public_welfare"}, status=200)
    assert free["total"]["amount"] == "0.00"
    problem = await buyer.post(path, use | {"purpose": "public_governance"}, status=422)
    assert slug(problem) == "purpose-not-offered"
    await buyer.post(path, use | {"units": {"calls": -1}}, status=422)
    drafted = await draft(owner, operator)
    await buyer.post(f"/v1/products/{drafted['id']}/quotes", use, status=404)


async def test_only_ones_own_price_plan_is_attached(owner: Party, operator: Party, party: PartyMaker) -> None:
    product = await draft(owner, operator)
    other = await party(OrganisationKind.OPERATOR)
    foreign = await other.post("/v1/price-plans", plan_body())
    path = f"/v1/products/{product['id']}/price-plan"
    await operator.put(path, {"plan_id": foreign["id"]}, status=404)
    own = await operator.post("/v1/price-plans", plan_body())
    await owner.put(path, {"plan_id": own["id"]}, status=403)
    assert (await operator.put(path, {"plan_id": own["id"]}))["plan_id"] == own["id"]


async def test_a_dictionary_fits_the_data(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}/dictionary"
    entry = {"name": "pm25", "title_zh": "细颗粒物", "title_en": "PM2.5", "unit": "µg/m³"}
    await upload(owner, product["id"])
    described = await operator.put(path, {"columns": [entry]})
    assert described["dictionary"] == [
        entry | {"personal": False, "sensitive": False, "mask": None, "classification": None}
    ]
    problem = await operator.put(path, {"columns": [entry | {"name": "nothing"}]}, status=422)
    assert slug(problem) == "dictionary-columns"
    await operator.put(path, {"columns": [entry, entry]}, status=422)
