"""Scenario and region travel from the authorisation into order, licence, token, call and usage record."""

from typing import Any

import pytest

from tests.support.bargain import Bargain
from tests.support.problems import slug


async def test_an_order_takes_those_of_the_authorisation_and_its_calls_are_recorded_with_them(
    bargain: Bargain,
) -> None:
    agreement, token = await bargain.licensed(regions=["310100"])
    assert agreement["document"]["scenarios"] == ["environmental_services"]
    assert agreement["document"]["regions"] == ["310100"]
    licence = await bargain.buyer.get(f"/v1/licences/{agreement['licence_id']}")
    assert (licence["scenarios"], licence["regions"]) == (["environmental_services"], ["310100"])
    recorded = []
    for headers in ({}, {"Data-Scenario": "environmental_services", "Data-Region": "310230"}):
        # 310230 lies in another prefecture than 310100.
        answer = await bargain.read(token, **headers)
        if "Data-Region" in headers:
            assert answer.status_code == 403
            assert answer.json()["regions"] == ["310100"]
            answer = await bargain.read(token, **(headers | {"Data-Region": "310104"}))
        assert answer.status_code == 200, answer.text
        record = answer.headers["usage-record"]
        shown = await bargain.buyer.get(f"/v1/usage-records/{record}")
        recorded.append((shown["scenario"], shown["region"]))
    assert recorded == [("environmental_services", "310100"), ("environmental_services", "310104")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scenarios": ["commerce"]}, "order-refused"),
        ({"scenarios": ["all"]}, "order-refused"),
        ({"scenarios": []}, "invalid-payload"),
        ({"regions": ["320000"]}, "order-refused"),
        ({"regions": ["100000"]}, "order-refused"),
        ({"regions": ["310000", "310100"]}, "authorisation-scope"),
        ({"regions": ["000000"]}, "invalid-payload"),
        ({"regions": ["310001"]}, "authorisation-scope"),
    ],
)
async def test_an_order_keeps_within_the_authorisation(
    bargain: Bargain, changes: dict[str, Any], expected: str
) -> None:
    refused = await bargain.buyer.post("/v1/agreements", bargain.order_body(**changes), status=422)
    assert slug(refused) == expected


async def test_a_key_is_bound_to_scenario_and_region(bargain: Bargain) -> None:
    _, token = await bargain.licensed(regions=["310000"])
    first = await bargain.read(token, **{"Idempotency-Key": "once", "Data-Region": "310100"})
    again = await bargain.read(token, **{"Idempotency-Key": "once", "Data-Region": "310100"})
    assert (first.status_code, again.headers["usage-repeated"]) == (200, "true")
    other = await bargain.read(token, **{"Idempotency-Key": "once"})
    assert (other.status_code, slug(other.json())) == (422, "idempotency-key-reused")
