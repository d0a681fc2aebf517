"""Orders and signatures: what is refused, what both sides sign, and that it cannot change afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.agreements.errors import AgreementStateForbids
from contracts.agreements.states import (
    TRANSITIONS,
    AgreementAction,
    AgreementStatus,
    next_state,
)
from contracts.terms import Terms, document_digest
from infra.auth import OrganisationKind
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import Party, PartyMaker


@given(st.sampled_from(AgreementStatus), st.sampled_from(AgreementAction))
def test_the_transition_table_is_the_whole_life(status: AgreementStatus, action: AgreementAction) -> None:
    if status in TRANSITIONS[action].sources:
        assert next_state(status, action) is TRANSITIONS[action].target
    else:
        with pytest.raises(AgreementStateForbids):
            next_state(status, action)


async def test_terms_survive_their_document(bargain: Bargain) -> None:
    agreement = await bargain.order()
    terms = Terms.of(agreement["document"])
    assert terms.document() == agreement["document"]
    assert document_digest(agreement["document"]) == agreement["digest"]


def test_the_digest_that_both_sides_sign_never_changes() -> None:
    # Made by the first release; the keys and the Chinese text stand for what a document holds.
    document = {
        "product_id": "0192f0c1-0000-7000-8000-000000000001",
        "title_zh": "城市空气质量",
        "title_en": "City air quality",
        "columns": ["station", "pm25"],
        "quota_calls": None,
        "quota_rows": 1750,
        "shares": {"owner": 5500, "operator": 3500, "platform": 1000},
    }
    assert document_digest(document) == "04b90c98ef9e2fc768bf30c96e696867b5e618d0fef81f8539707ccfe4a53d1e"


async def test_operator_then_buyer_sign_and_a_licence_exists(bargain: Bargain) -> None:
    agreement = await bargain.order(columns=["pm25", "station"], quotas={"calls": 10})
    assert agreement["status"] == "requested"
    assert agreement["document"]["columns"] == ["station", "pm25"]
    signed = await bargain.sign(agreement)
    assert signed["status"] == "finalized"
    assert len(signed["signatures"]) == 2
    licence = await bargain.buyer.get(f"/v1/licences/{signed['licence_id']}")
    assert licence["live"] is True
    assert licence["quotas"] == {"calls": 10}
    assert licence["agreement_digest"] == agreement["digest"]


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"columns": ["nope"]}, "order-refused"),
        ({"columns": ["pm25", "pm25"]}, "order-refused"),
        ({"purposes": ["public_governance"]}, "order-refused"),
        ({"valid_until": "2029-06-01T00:00:00Z"}, "order-refused"),
        ({"valid_until": "2020-06-01T00:00:00Z"}, "order-refused"),
        ({"valid_from": "2020-01-01T00:00:00Z"}, "order-refused"),
        ({"quotas": {"calls": 0}}, "invalid-payload"),
        ({"quotas": {"calls": True}}, "invalid-payload"),
        ({"quotas": {"rows": "5"}}, "invalid-payload"),
        ({"quotas": {"bytes": 10**6}}, "invalid-payload"),
        ({"quotas": {"surprise": 5}}, "invalid-payload"),
        ({"purposes": []}, "invalid-payload"),
        ({"surprise": 1}, "invalid-payload"),
    ],
)
async def test_an_order_beyond_what_is_offered_is_refused(
    untouched_bargain: Bargain, change: dict[str, Any], slug: str
) -> None:
    buyer, body = untouched_bargain.buyer, untouched_bargain.order_body(**change)
    problem = await buyer.post("/v1/agreements", body, status=422)
    assert problem["type"].endswith(slug), problem
    assert (await buyer.get("/v1/agreements"))["items"] == []


async def test_what_is_not_on_the_market_cannot_be_ordered(bargain: Bargain) -> None:
    await bargain.buyer.post("/v1/agreements", bargain.order_body(product_id=str(uuid4())), status=404)
    await bargain.operator.post(
        f"/v1/products/{bargain.product_id}/suspension", {"reason": "broken"}, status=200
    )
    problem = await bargain.buyer.post("/v1/agreements", bargain.order_body(), status=409)
    assert problem["type"].endswith(":product-not-tradeable")
    reason = {"reason": "repaired, and then off the market"}
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/reinstatement", reason, status=200)
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/withdrawal", reason, status=200)
    problem = await bargain.buyer.post("/v1/agreements", bargain.order_body(), status=404)
    assert problem["type"].endswith(":not-found")


async def test_an_agreement_whose_product_left_the_market_is_told_how_to_end(bargain: Bargain) -> None:
    reason = {"reason": "Its series has ended"}
    waiting = await bargain.order()
    path, signature = f"/v1/agreements/{waiting['id']}", {"digest": waiting["digest"]}
    await bargain.operator.post(f"{path}/signatures", signature)
    await bargain.operator.post(f"/v1/products/{bargain.product_id}/withdrawal", reason, status=200)
    problem = await bargain.buyer.post(f"{path}/signatures", signature, status=409)
    assert problem["type"].endswith(":product-not-tradeable")
    assert "not on the market any more" in problem["detail"]
    assert f"POST {path}/termination" in problem["remedy"]
    ended = await bargain.buyer.post(f"{path}/termination", reason)
    assert (ended["status"], ended["licence_id"]) == ("terminated", None)


async def test_an_unverified_buyer_orders_nothing(bargain: Bargain, party: PartyMaker) -> None:
    stranger = await party(OrganisationKind.BUYER, verified=False)
    await stranger.post("/v1/agreements", bargain.order_body(), status=403)


async def test_the_same_key_orders_once(bargain: Bargain) -> None:
    body, key = bargain.order_body(), str(uuid4())
    first = await bargain.buyer.call("POST", "/v1/agreements", body, status=201, key=key)
    again = await bargain.buyer.call("POST", "/v1/agreements", body, status=201, key=key)
    assert first == again
    other = await bargain.buyer.call(
        "POST", "/v1/agreements", body | {"quotas": {"calls": 5}}, status=422, key=key
    )
    assert other["type"].endswith("idempotency-key-reused")
    assert len((await bargain.buyer.get("/v1/agreements"))["items"]) == 1


async def test_an_order_without_a_key_is_told_so(bargain: Bargain) -> None:
    answer = await bargain.buyer.http.post("/v1/agreements", json=bargain.order_body())
    assert answer.status_code == 400
    assert "idempotency" in answer.text.lower()


async def test_many_orders_with_one_key_at_once_make_one(bargain: Bargain) -> None:
    body, headers = bargain.order_body(), {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(bargain.buyer.http.post("/v1/agreements", json=body, headers=headers) for _ in range(6))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len((await bargain.buyer.get("/v1/agreements"))["items"]) == 1


async def test_two_officers_who_order_the_same_at_once_order_it_once(bargain: Bargain) -> None:
    body = bargain.order_body()
    answers = await asyncio.gather(
        *(
            bargain.buyer.http.post("/v1/agreements", json=body, headers={"Idempotency-Key": str(uuid4())})
            for _ in range(5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    (ordered,) = [answer.json() for answer in answers if answer.status_code == 201]
    problem = next(answer.json() for answer in answers if answer.status_code == 409)
    assert problem["type"].endswith(":already-ordered")
    assert problem["agreement_id"] == ordered["id"]
    assert f"POST /v1/agreements/{ordered['id']}/termination" in problem["remedy"]
    # Another order for the same product, the same again once the first is concluded, or once one is withdrawn.
    await bargain.buyer.post("/v1/agreements", body | {"quotas": {"calls": 5}})
    await bargain.sign(ordered)
    second = await bargain.buyer.post("/v1/agreements", body)
    await bargain.buyer.post("/v1/agreements", body, status=409)
    await bargain.buyer.post(f"/v1/agreements/{second['id']}/termination", {"reason": "Ordered by mistake"})
    await bargain.buyer.post("/v1/agreements", body)


async def test_signatures_come_in_order_and_under_the_text_on_file(bargain: Bargain) -> None:
    agreement = await bargain.order()
    path, body = f"/v1/agreements/{agreement['id']}/signatures", {"digest": agreement["digest"]}
    early = await bargain.buyer.post(path, body, status=409)
    assert "operator signs first" in early["remedy"]
    other = await bargain.operator.post(path, {"digest": "0" * 64}, status=409)
    assert other["type"].endswith("digest-mismatch")
    await bargain.owner.post(path, body, status=403)
    await bargain.sign(agreement)
    await bargain.operator.post(path, body, status=409)
    await bargain.buyer.post(path, body, status=409)


async def test_two_signatures_of_the_buyer_at_once_make_one_licence(bargain: Bargain) -> None:
    agreement = await bargain.order()
    path, body = f"/v1/agreements/{agreement['id']}/signatures", {"digest": agreement["digest"]}
    await bargain.operator.post(path, body)
    answers = await asyncio.gather(*(bargain.buyer.http.post(path, json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len((await bargain.buyer.get("/v1/licences"))["items"]) == 1


async def test_strangers_do_not_know_of_it(bargain: Bargain, party: PartyMaker) -> None:
    stranger: Party = await party(OrganisationKind.BUYER)
    agreement, _ = await bargain.licensed()
    for path in (f"/v1/agreements/{agreement['id']}", f"/v1/licences/{agreement['licence_id']}"):
        await stranger.get(path, status=404)
    await stranger.post(f"/v1/licences/{agreement['licence_id']}/tokens", status=404)
    await stranger.post(f"/v1/agreements/{agreement['id']}/termination", {"reason": "mine now"}, status=404)
    assert (await stranger.get("/v1/agreements"))["items"] == []
    assert (await stranger.get("/v1/licences"))["items"] == []


async def test_answers_name_the_parties_beside_their_ids(bargain: Bargain) -> None:
    agreement, _ = await bargain.licensed()
    names = {side: {"zh": f"测试{side}", "en": f"Test {side}"} for side in ("owner", "operator", "buyer")}
    of_agreement, of_licence = f"/v1/agreements/{agreement['id']}", f"/v1/licences/{agreement['licence_id']}"
    for answer in (
        await bargain.buyer.get(of_agreement),
        await bargain.buyer.get(of_licence),
        (await bargain.owner.get("/v1/agreements"))["items"][0],
        (await bargain.operator.get("/v1/licences"))["items"][0],
        (await bargain.regulator.get("/v1/contract-reviews?limit=1"))["items"][0],
    ):
        for side, party in (
            ("owner", bargain.owner),
            ("operator", bargain.operator),
            ("buyer", bargain.buyer),
        ):
            assert answer[f"{side}_id"] == str(party.organisation_id)
            assert answer[f"{side}_name"] == names[side]
    assert [signature["organisation_name"] for signature in agreement["signatures"]] == [
        names["operator"],
        names["buyer"],
    ]
    stop = await bargain.regulator.post(
        f"/v1/contract-reviews/{agreement['id']}/suspension", {"reason": "a look at it"}
    )
    assert stop["placed_by_organisation_name"]["en"] == "Test regulator"


async def test_signed_terms_cannot_be_changed_even_in_sql(bargain: Bargain, database: TestDatabase) -> None:
    agreement, _ = await bargain.licensed()
    connection = await asyncpg.connect(database.owner_url)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(
                "UPDATE agreements SET document = jsonb_set(document, '{quotas,rows}', '1') WHERE id = $1",
                agreement["id"],
            )
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(
                "UPDATE licences SET quota_2 = NULL WHERE id = $1", agreement["licence_id"]
            )
    finally:
        await connection.close()


async def test_termination_stops_the_licence_at_once(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    assert (await bargain.read(token)).status_code == 200
    await bargain.buyer.post(f"/v1/agreements/{agreement['id']}/termination", {"reason": "no longer needed"})
    assert (await bargain.read(token)).status_code == 403
    await bargain.buyer.post(f"/v1/agreements/{agreement['id']}/termination", {"reason": "twice"}, status=409)


async def test_the_term_bounds_the_licence(bargain: Bargain) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    agreement = await bargain.sign(await bargain.order(valid_from=later.isoformat()))
    licence = await bargain.buyer.get(f"/v1/licences/{agreement['licence_id']}")
    assert licence["live"] is False
    token = await bargain.buyer.post(f"/v1/licences/{agreement['licence_id']}/tokens")
    assert (await bargain.read(token["access_token"])).status_code == 401
