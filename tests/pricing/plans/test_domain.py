"""Bad plans are refused, each fault with its place."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from pricing.models import CHARGES
from pricing.models.flat import Flat
from pricing.models.per_unit import PerUnit
from pricing.plans.domain import PricePlan, read_charges
from pricing.plans.errors import InvalidPricePlan
from tests.pricing.strategies import LIMITS, plans

CALLS = {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 100}
FLAT = {"model": "flat", "amount": "200"}
ROWS = {"model": "per_unit", "metric": "rows", "unit_price": "0.0003"}


def test_a_good_plan_is_read() -> None:
    assert read_charges([CALLS, ROWS, FLAT], "CNY", LIMITS) == (
        PerUnit("calls", Decimal("0.05"), 100),
        PerUnit("rows", Decimal("0.0003"), 0),
        Flat(Decimal(200)),
    )


@given(plans)
def test_every_charge_survives_its_document(plan: PricePlan) -> None:
    documents = [charge.document() for charge in plan.charges]
    assert read_charges(documents, plan.currency, LIMITS) == plan.charges


def test_every_model_is_found_by_its_code() -> None:
    assert set(CHARGES) == {"flat", "free", "per_unit"}
    assert all(charge.model == code for code, charge in CHARGES.items())


@pytest.mark.parametrize(
    ("documents", "currency", "place", "problem"),
    [
        ([{**CALLS, "unit_price": "-0.05"}], "CNY", "charges.0.unit_price", "negative"),
        ([{**CALLS, "unit_price": "-0"}], "CNY", "charges.0.unit_price", "negative"),
        ([{**CALLS, "unit_price": 0.05}], "CNY", "charges.0.unit_price", "written as text"),
        ([{**CALLS, "unit_price": 5}], "CNY", "charges.0.unit_price", "written as text"),
        ([{**CALLS, "unit_price": "5E-2"}], "CNY", "charges.0.unit_price", "written as text"),
        ([{**CALLS, "unit_price": "NaN"}], "CNY", "charges.0.unit_price", "written as text"),
        ([{**CALLS, "unit_price": "٠"}], "CNY", "charges.0.unit_price", "written as text"),
        ([{**CALLS, "unit_price": "0.000000001"}], "CNY", "charges.0.unit_price", "9 decimal places"),
        ([{**CALLS, "unit_price": "1000000.01"}], "CNY", "charges.0.unit_price", "largest price"),
        ([{"model": "per_unit", "metric": "calls"}], "CNY", "charges.0.unit_price", "is missing"),
        ([{**CALLS, "metric": "pages"}], "CNY", "charges.0.metric", "one of calls, rows, bytes"),
        ([{**CALLS, "metric": "periods"}], "CNY", "charges.0.metric", "one of calls, rows, bytes"),
        ([{**CALLS, "metric": ["calls"]}], "CNY", "charges.0.metric", "one of calls, rows, bytes"),
        (
            [{"model": "per_unit", "unit_price": "1", "allowance": 5}],
            "CNY",
            "charges.0.metric",
            "is missing",
        ),
        (
            [CALLS, {**FLAT, "allowance": 5}],
            "CNY",
            "charges.1.allowance",
            "no meaning",
        ),
        ([{**CALLS, "allowance": -1}], "CNY", "charges.0.allowance", "whole number"),
        ([{**CALLS, "allowance": 1.5}], "CNY", "charges.0.allowance", "whole number"),
        ([{**CALLS, "allowance": True}], "CNY", "charges.0.allowance", "whole number"),
        ([{**CALLS, "allowance": 10**9 + 1}], "CNY", "charges.0.allowance", "whole number"),
        ([{**CALLS, "alowance": 5}], "CNY", "charges.0.alowance", "no meaning"),
        ([ROWS, CALLS, {**CALLS, "unit_price": "1"}], "CNY", "charges.2", "charges.1 does already"),
        ([FLAT] * 2, "CNY", "charges.1", "charges.0 does already"),
        ([{"model": "graduated"}], "CNY", "charges.0.model", "one of flat, free, per_unit"),
        ([{"metric": "calls"}], "CNY", "charges.0.model", "one of flat, free, per_unit"),
        ([{"model": {}}], "CNY", "charges.0.model", "one of flat, free, per_unit"),
        (["per_unit"], "CNY", "charges.0", "an object"),
        ([], "CNY", "charges", "at least one"),
        ("charges", "CNY", "charges", "at least one"),
        ([ROWS] * 21, "CNY", "charges", "at most 20"),
        ([CALLS], "RMB", "currency", "not an ISO 4217"),
        ([CALLS], "cny", "currency", "not an ISO 4217"),
    ],
)
def test_a_bad_plan_is_refused_with_its_place(
    documents: Any, currency: str, place: str, problem: str
) -> None:
    with pytest.raises(InvalidPricePlan) as refused:
        read_charges(documents, currency, LIMITS)
    assert [fault.place for fault in refused.value.faults] == [place]
    assert problem in refused.value.faults[0].problem


def test_all_faults_are_named_at_once() -> None:
    bad = [{**CALLS, "unit_price": "-1", "allowance": -1}, {"model": "flat", "amount": 2.5}, {"model": "x"}]
    with pytest.raises(InvalidPricePlan) as refused:
        read_charges(bad, "XYZ", LIMITS)
    assert [fault.place for fault in refused.value.faults] == [
        "currency",
        "charges.0.unit_price",
        "charges.0.allowance",
        "charges.1.amount",
        "charges.2.model",
    ]
    assert str(refused.value).startswith("currency 'XYZ' is not an ISO 4217")


def test_trailing_zeros_are_not_precision() -> None:
    limits = replace(LIMITS, max_price_places=2)
    charges = read_charges([{**CALLS, "unit_price": "0.050000000000"}], "CNY", limits)
    assert charges[0] == PerUnit("calls", Decimal("0.05"), 100)
