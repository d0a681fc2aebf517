"""Editions over HTTP: drafted, reviewed with remarks, in force; and what the buyer sees of it."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import sqlalchemy as sa

from infra.auth import SYSTEM, OrganisationKind
from infra.db import SessionMaker, now, transaction
from infra.digest import json_digest
from infra.stops import service as stops
from market.settlement.reconciliation.checks.product import check
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.editions import decide, drafted, in_force, submitted_edition
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import CSV, plan_body, product_body, settle_quality, submitted, upload

REASON = {"reason": "Because of a complaint"}


def path(edition: dict[str, Any], action: str = "") -> str:
    return f"/v1/editions/{edition['id']}" + (f"/{action}" if action else "")


async def page_of(client: httpx.AsyncClient, product_id: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/catalogue/{product_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_a_product_goes_through_three_editions_while_it_serves(
    bargain: Bargain, client: httpx.AsyncClient
) -> None:
    operator, regulator, product_id = bargain.operator, bargain.regulator, bargain.product_id
    agreement, token = await bargain.licensed()
    first = (await page_of(client, product_id))["edition"]
    assert (first["number"], first["superseded_at"]) == (1, None)
    assert agreement["document"]["edition_id"] == first["id"]
    assert agreement["document"]["edition_digest"] == first["digest"]

    edition = await drafted(operator, product_id, title_en="Air, hour by hour", purposes=["industry"])
    assert (edition["number"], edition["status"]) == (None, "draft")
    assert [change["field"] for change in edition["changes"]] == ["title_en", "purposes"]
    dictionary = [
        {"name": "pm25", "title_zh": "细颗粒物", "title_en": "Fine particles", "unit": "µg/m³"},
        {"name": "phone", "title_zh": "电话", "title_en": "Telephone", "personal": True},
    ]
    edition = await operator.put(path(edition, "dictionary"), {"columns": dictionary})
    assert [change["field"] for change in edition["changes"]] == ["title_en", "purposes", "dictionary.pm25"]
    edition = await operator.post(path(edition, "submission"), status=200)
    # Until it is approved nothing that buyers see is another.
    page = await page_of(client, product_id)
    assert (page["title_en"], page["edition"]) == ("Urban air quality, hourly", first)
    assert (await bargain.read(token)).status_code == 200
    done = await decide(regulator, edition, "approval", note="In order.")
    assert (done["status"], done["number"], done["review_note"]) == ("in_force", 2, "In order.")

    page = await page_of(client, product_id)
    assert (page["title_en"], page["purposes"]) == ("Air, hour by hour", ["industry"])
    assert page["dictionary"][2]["unit"] == "µg/m³"
    assert page["edition"]["id"] == done["id"]
    found = await client.get("/v1/catalogue", params={"q": "hour by hour"})
    assert product_id in [item["id"] for item in found.json()["items"]]
    # The price of the third is for orders that come after it.
    plan = await operator.post(
        "/v1/price-plans",
        plan_body(charges=[{"model": "per_unit", "metric": "calls", "unit_price": "0.07"}]),
    )
    second_order = await bargain.order()
    await in_force(operator, regulator, product_id, plan_id=plan["id"], update_frequency="daily")
    third_order = await bargain.order()
    assert third_order["document"]["price_plan_id"] == plan["id"] != second_order["document"]["price_plan_id"]

    history = (await client.get(f"/v1/catalogue/{product_id}/editions")).json()["items"]
    assert [item["number"] for item in history] == [3, 2, 1]
    assert [[change["field"] for change in item["changes"]] for item in history] == [
        ["update_frequency", "plan_id"],
        ["title_en", "purposes", "dictionary.pm25"],
        [],
    ]
    assert [item["superseded_at"] is None for item in history] == [True, False, False]
    second = (await client.get(f"/v1/catalogue/{product_id}/editions/2")).json()
    assert (
        json_digest(second["document"]).hex()
        == second["digest"]
        == second_order["document"]["edition_digest"]
    )
    assert second["price_plan"]["charges"][0]["unit_price"] == "0.05"

    # What was signed stands: the first agreement shows its own dictionary, and its licence goes on.
    kept = (await bargain.buyer.get(f"/v1/agreements/{agreement['id']}"))["edition"]
    assert (kept["number"], kept["id"], kept["superseded_at"] is None) == (1, first["id"], False)
    assert [entry["name"] for entry in kept["document"]["dictionary"]] == ["phone"]
    assert kept["document"]["title_en"] == "Urban air quality, hourly"
    assert (await bargain.read(token, **{"Data-Purpose": "industry"})).status_code == 200
    # An order made under the second and signed under the third was made so: its document stands.
    signed = await bargain.sign(second_order)
    assert (signed["status"], signed["edition"]["number"]) == ("finalized", 2)
    assert signed["edition"]["superseded_at"] is not None


async def test_a_return_says_field_by_field_what_to_mend_and_each_remark_is_answered(
    bargain: Bargain,
) -> None:
    operator, regulator = bargain.operator, bargain.regulator
    edition = await submitted_edition(operator, bargain.product_id, title_en="Air", description_en="Clean")
    remarks = [
        {"field": "title_en", "remark": "Say of which cities"},
        {"field": "description_en", "remark": "Not all of it is clean"},
        {"field": "dictionary.pm25", "remark": "No unit"},
    ]
    unknown = [*remarks, {"field": "dictionary.so2", "remark": "Where is it?"}]
    refused = await decide(regulator, edition, "return", status=422, reason="See below", remarks=unknown)
    assert (slug(refused), refused["fields"]) == ("remark-field", ["dictionary.so2"])
    returned = await decide(regulator, edition, "return", reason="See below", remarks=remarks)
    assert (returned["status"], returned["review_note"]) == ("draft", "See below")
    (review,) = (await operator.get(path(edition)))["reviews"]
    assert review["decision"] == "returned"
    assert [(remark["field"], remark["answer"]) for remark in review["remarks"]] == [
        ("title_en", None),
        ("description_en", None),
        ("dictionary.pm25", None),
    ]
    problem = await operator.post(path(edition, "submission"), status=409)
    assert slug(problem) == "remarks-unanswered"
    assert problem["fields"] == ["description_en", "dictionary.pm25", "title_en"]

    changes = {"title_en": "Air of Shanghai", "description_en": "Clean or not"}
    await operator.call("PATCH", path(edition), changes, status=200)
    problem = await operator.post(path(edition, "submission"), status=409)
    assert problem["fields"] == ["dictionary.pm25"]
    # A change taken back is none.
    await operator.call("PATCH", path(edition), {"title_en": "Air"}, status=200)
    assert "title_en" in (await operator.post(path(edition, "submission"), status=409))["fields"]
    await operator.call("PATCH", path(edition), changes, status=200)
    explain = path(edition, f"remarks/{review['remarks'][2]['id']}/explanation")
    await bargain.owner.post(explain, {"explanation": "The file holds it"}, status=403)
    explained = await operator.post(explain, {"explanation": "The file holds it"}, status=200)
    assert [remark["answer"] for remark in explained["reviews"][0]["remarks"]] == [
        "changed",
        "changed",
        "explained",
    ]
    again = await operator.post(path(edition, "submission"), status=200)
    assert slug(await decide(regulator, edition, "approval", status=409)) == "edition-digest"
    done = await decide(regulator, again, "approval")
    assert [review["decision"] for review in done["reviews"]] == ["returned", "approved"]
    assert done["reviews"][0]["remarks"][2]["explanation"] == "The file holds it"
    assert done["reviews"][0]["digest"] == edition["digest"] != done["digest"]
    await operator.post(explain, {"explanation": "Too late"}, status=409)


async def test_the_first_edition_is_returned_with_remarks_too(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await submitted(owner, operator)
    product = f"/v1/products/{product_id}"
    (first,) = (await regulator.get(f"{product}/editions"))["items"]
    assert (first["status"], first["number"]) == ("submitted", None)
    assert slug(await decide(regulator, first, "approval", status=409)) == "edition-state"
    for action in ("return", "refusal"):
        refused = await decide(regulator, first, action, status=409, reason="By the other way")
        assert slug(refused) == "edition-state"
    remarks = [
        {"field": "title_en", "remark": "Say of which cities"},
        {"field": "data", "remark": "There is more by now"},
    ]
    await regulator.post(f"{product}/return", {"reason": "See below", "remarks": remarks}, status=200)
    problem = await operator.post(f"{product}/submission", status=409)
    assert problem["fields"] == ["data", "title_en"]
    text = product_body("", "") | {"title_en": "Air of Shanghai"}
    del text["authorisation_id"], text["resource_id"]
    await operator.put(product, text)
    revision = await upload(operator, product_id, CSV + b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n")
    await settle_quality(operator, revision["id"])
    shown = (await operator.get(path(first)))["reviews"][0]["remarks"]
    assert [remark["answer"] for remark in shown] == ["changed", "changed"]
    assert slug(await operator.call("PATCH", path(first), {"title_en": "x"}, status=409)) == "edition-state"
    await operator.post(f"{product}/submission", status=200)
    done = await regulator.post(f"{product}/approval", {}, status=200)
    assert done["edition_id"] == first["id"]
    edition = await operator.get(path(first))
    assert (edition["number"], edition["document"]["title_en"]) == (1, "Air of Shanghai")


async def test_what_nobody_read_of_a_first_publication_is_not_approved(
    owner: Party, operator: Party, regulator: Party, party: PartyMaker
) -> None:
    product_id = await submitted(owner, operator)
    product = f"/v1/products/{product_id}"
    (read,) = (await regulator.get(f"{product}/editions"))["items"]
    other = await party(OrganisationKind.REGULATOR)
    await other.post(f"{product}/return", {"reason": "Say of which cities"}, status=200)
    text = product_body("", "") | {"title_en": "Gold"}
    del text["authorisation_id"], text["resource_id"]
    await operator.put(product, text)
    await operator.post(f"{product}/submission", status=200)
    seen = {"digest": read["digest"]}
    assert slug(await regulator.post(f"{product}/approval", seen, status=409)) == "edition-digest"
    again = seen | {"reason": "Say of which cities"}
    assert slug(await regulator.post(f"{product}/return", again, status=409)) == "edition-digest"
    (now_read,) = (await regulator.get(f"{product}/editions"))["items"]
    await regulator.post(f"{product}/approval", {"digest": now_read["digest"]}, status=200)


async def test_one_open_edition_at_a_time_and_none_of_what_is_not_published(bargain: Bargain) -> None:
    operator, regulator, product_id = bargain.operator, bargain.regulator, bargain.product_id
    editions = f"/v1/products/{product_id}/editions"
    edition = await drafted(operator, product_id, title_en="Air")
    problem = await operator.post(editions, status=409)
    assert (slug(problem), problem["edition_id"]) == ("edition-open", edition["id"])
    await operator.post(path(edition, "withdrawal"), REASON, status=200)
    again = await submitted_edition(operator, product_id, title_en="Air")
    assert slug(await operator.post(editions, status=409)) == "edition-open"
    assert slug(await operator.post(path(again, "submission"), status=409)) == "edition-state"
    assert slug(await operator.call("PATCH", path(again), {"title_en": "x"}, status=409)) == "edition-state"
    refused = await decide(regulator, again, "refusal", reason="No such thing")
    assert (refused["status"], refused["number"]) == ("refused", None)
    for action in ("approval", "return"):
        body = {} if action == "approval" else {"reason": "Once more"}
        assert slug(await decide(regulator, again, action, status=409, **body)) == "edition-state"
    nothing = await drafted(operator, product_id)
    assert slug(await operator.post(path(nothing, "submission"), status=409)) == "edition-unchanged"
    # With the product goes its open edition.
    await operator.post(f"/v1/products/{product_id}/withdrawal", REASON, status=200)
    assert (await operator.get(path(nothing)))["status"] == "withdrawn"
    assert slug(await operator.post(editions, status=409)) == "edition-state"


async def test_who_may_see_and_decide(bargain: Bargain, party: PartyMaker) -> None:
    operator, regulator, product_id = bargain.operator, bargain.regulator, bargain.product_id
    edition = await drafted(operator, product_id, title_en="Air")
    stranger = await party(OrganisationKind.OPERATOR)
    for other in (stranger, regulator):
        await other.get(path(edition), status=404)
        await other.post(path(edition, "submission"), status=404 if other is stranger else 403)
    await stranger.get(f"/v1/products/{product_id}/editions", status=404)
    await bargain.buyer.get(path(edition), status=404)
    await bargain.owner.get(path(edition))
    await bargain.owner.post(f"/v1/products/{product_id}/editions", status=403)
    await bargain.owner.call("PATCH", path(edition), {"title_en": "x"}, status=403)
    edition = await operator.post(path(edition, "submission"), status=200)
    waiting = await regulator.get("/v1/editions?status=submitted")
    assert edition["id"] in [item["id"] for item in waiting["items"]]
    for other in (operator, bargain.owner, bargain.buyer):
        await decide(other, edition, "approval", status=403)
        await decide(other, edition, "return", status=403, reason="Not mine to return")
        await decide(other, edition, "refusal", status=403, reason="Not mine to refuse")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title_zh": None}, 422),
        ({"title_zh": ""}, 422),
        ({"themes": []}, 422),
        ({"themes": ["astrology"]}, 422),
        ({"purposes": []}, 422),
        ({"purposes": ["public_governance"]}, 422),
        ({"delivery_classes": ["pigeon"]}, 422),
        ({"plan_id": None}, 422),
        ({"plan_id": "019c12ab-0000-7000-8000-000000000000"}, 404),
        ({"dictionary": []}, 422),
        ({"status": "in_force"}, 422),
        ({"update_frequency": "sometimes"}, 422),
    ],
)
async def test_what_is_no_edition_is_refused(
    untouched_edition: tuple[Party, dict[str, Any]], body: dict[str, Any], status: int
) -> None:
    operator, edition = untouched_edition
    await operator.call("PATCH", path(edition), body, status=status)
    assert (await operator.get(path(edition)))["digest"] == edition["digest"]


@pytest.fixture(scope="module")
async def untouched_edition(untouched_bargain: Bargain) -> tuple[Party, dict[str, Any]]:
    """A draft that nothing succeeds in changing, and its operator."""
    operator = untouched_bargain.operator
    return operator, await drafted(operator, untouched_bargain.product_id)


async def test_a_plan_of_somebody_elses_and_a_column_that_is_not_there_are_refused(
    untouched_edition: tuple[Party, dict[str, Any]], party: PartyMaker
) -> None:
    operator, edition = untouched_edition
    other = await party(OrganisationKind.OPERATOR)
    plan = await other.post("/v1/price-plans", plan_body())
    problem = await operator.call("PATCH", path(edition), {"plan_id": plan["id"]}, status=404)
    assert slug(problem) == "price-plan-not-found"
    columns = [{"name": "so2", "title_zh": "二氧化硫", "title_en": "SO2"}]
    problem = await operator.put(path(edition, "dictionary"), {"columns": columns}, status=422)
    assert slug(problem) == "dictionary-columns"


async def test_an_edition_that_hides_personal_information_is_not_published(bargain: Bargain) -> None:
    operator = bargain.operator
    edition = await drafted(operator, bargain.product_id)
    await operator.put(path(edition, "dictionary"), {"columns": []})
    problem = await operator.post(path(edition, "submission"), status=409)
    assert [gap["code"] for gap in problem["missing"]] == ["personal_content"]
    # Marking a column waits for no edition, and no edition takes it back.
    product = f"/v1/products/{bargain.product_id}"
    await operator.post(f"{product}/personal-columns", {"columns": ["phone"]}, status=200)
    edition = await operator.post(path(edition, "submission"), status=200)
    await decide(bargain.regulator, edition, "approval")
    page = (await bargain.buyer.http.get(f"/v1/catalogue/{bargain.product_id}")).json()
    assert {row["phone"] for row in page["sample"]} == {"***"}


async def test_an_edition_is_approved_of_what_is_still_on_the_market(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    operator, regulator, product_id = bargain.operator, bargain.regulator, bargain.product_id
    edition = await submitted_edition(operator, product_id, title_en="Air")
    product = await operator.get(f"/v1/products/{product_id}")
    await regulator.post(f"/v1/products/{product_id}/suspension", REASON, status=200)
    problem = await decide(regulator, edition, "approval", status=409)
    assert (slug(problem), "Because of a complaint" in problem["detail"]) == ("edition-state", True)
    await regulator.post(f"/v1/products/{product_id}/reinstatement", REASON, status=200)
    authorisation = f"/v1/authorisations/{product['authorisation_id']}"
    await bargain.owner.post(f"{authorisation}/suspension", REASON, status=200)
    assert slug(await decide(regulator, edition, "approval", status=409)) == "authorisation-not-live"
    await bargain.owner.post(f"{authorisation}/reinstatement", REASON, status=200)
    # A stop for the class of its columns is no suspension: the edition may be what mends it.
    async with transaction(sessions) as session:
        await stops.place(
            session, SYSTEM, subject_kind="product_class", subject_id=UUID(product_id), reason="Its class"
        )
    # A newer file that failed its check, or waits for it, does not hold up what is said of the data that serves.
    newer = await upload(operator, product_id, CSV + b"S1,2026-02-01T00:00:00Z,1.5,13800000000\n")
    await settle_quality(operator, newer["id"], passed=False)
    assert (await decide(regulator, edition, "approval"))["number"] == 2
    # Nothing of its columns forbids the offer now, so the approval lets it go.
    assert (await operator.get(f"/v1/products/{product_id}"))["stopped"] == []


async def test_an_edition_cannot_be_forged(
    bargain: Bargain, database: TestDatabase, sessions: SessionMaker
) -> None:
    edition = await submitted_edition(bargain.operator, bargain.product_id, title_en="Air")
    connection = await asyncpg.connect(database.service_url)
    own, product = UUID(edition["id"]), UUID(bargain.product_id)
    try:
        for forged in (
            'UPDATE product_editions SET document = document || \'{"title_en": "Gold"}\' WHERE id = $1',
            "UPDATE product_editions SET digest = 'x' WHERE id = $1",
            "UPDATE product_editions SET status = 'in_force', number = 9, effective_at = now() WHERE id = $1",
            "UPDATE edition_reviews SET decision = 'approved' WHERE edition_id = $1",
            "DELETE FROM product_editions WHERE id = $1",
        ):
            with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
                await connection.execute(forged, own)
        for forged in (
            "UPDATE data_products SET title_en = 'Gold' WHERE id = $1",
            "UPDATE data_products SET purposes = '{industry}' WHERE id = $1",
            "UPDATE data_products SET theme_axes = '{gold}' WHERE id = $1",
            "UPDATE data_products SET edition_id = NULL WHERE id = $1",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(forged, product)
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("UPDATE data_products SET edition_id = $2 WHERE id = $1", product, own)
    finally:
        await connection.close()
    async with transaction(sessions) as session:
        told = sa.text(
            "SELECT payload FROM events WHERE subject_id = :id AND kind = 'product.edition_published'"
        ).bindparams(id=product)
        assert (await session.execute(told)).all() == []
    done = await decide(bargain.regulator, edition, "approval")
    async with transaction(sessions) as session:
        (payload,) = (await session.execute(told)).scalars()
    assert payload == {"edition_id": done["id"], "number": 2, "digest": done["digest"]}


async def test_a_forged_review_is_found(
    bargain: Bargain, database: TestDatabase, sessions: SessionMaker
) -> None:
    """A thief with the service's own login can write a review; the audit log knows of no such decision."""
    edition = await submitted_edition(bargain.operator, bargain.product_id, title_en="Gold")
    own, product = UUID(edition["id"]), UUID(bargain.product_id)

    async def found() -> list[str]:
        async with transaction(sessions) as session:
            return [one.subject for one in await check(session, await now(session))]

    assert bargain.product_id not in await found()
    thief = await asyncpg.connect(database.service_url)
    try:
        async with thief.transaction():
            await thief.execute(
                "INSERT INTO edition_reviews SELECT gen_random_uuid(), id, 'approved', document, digest, NULL,"
                " submitted_at, submitted_by, now(), $2, $2, NULL, rules FROM product_editions WHERE id = $1",
                own,
                bargain.regulator.organisation_id,
            )
            await thief.execute(
                "UPDATE product_editions SET status = 'superseded', superseded_at = now()"
                " WHERE product_id = $1 AND status = 'in_force'",
                product,
            )
            await thief.execute(
                "UPDATE product_editions SET status = 'in_force', number = 2, effective_at = now() WHERE id = $1",
                own,
            )
            await thief.execute(
                "UPDATE data_products SET title_en = 'Gold', edition_id = $2 WHERE id = $1", product, own
            )
    finally:
        await thief.close()
    assert bargain.product_id in await found()
    # What is off the market shows nothing any more; other tests count what is found.
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/withdrawal", REASON, status=200)
    assert bargain.product_id not in await found()
