"""Payment references and rating by purpose: pure."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.identifiers import check_digits_fit
from infra.rulebook.domain import Parameter, Rules
from market.settlement.invoices import domain, rating
from market.settlement.invoices.rating import LicenceUsage
from market.settlement.rails.bank.domain import payment_references
from pricing.money import Money, MoneyError
from pricing.plans.domain import PricePlan, read_charges
from pricing.plans.limits import ACCEPTED
from pricing.quotes.context import QuoteContext, quote_context
from pricing.regulated.purposes import PurposeClass


def test_the_check_digits_of_the_standard_s_own_reference_fit() -> None:
    assert check_digits_fit("RF18539007547034")  # the example that ISO 11649 is usually shown with
    assert not check_digits_fit("RF18539007547035")


@given(
    series=st.integers(1, domain.MAX_SERIES),
    number=st.integers(1, domain.MAX_NUMBER),
    place=st.integers(2, 17),
    slip=st.integers(1, 9),
)
def test_references_are_found_again_and_notice_a_wrong_digit(
    series: int, number: int, place: int, slip: int
) -> None:
    reference = domain.payment_reference(series, number)
    assert check_digits_fit(reference)
    assert payment_references([f"pays {reference.lower()} thanks"]) == [reference]
    wrong = str((int(reference[place]) + slip) % 10)
    assert not check_digits_fit(reference[:place] + wrong + reference[place + 1 :])


@pytest.mark.parametrize(("series", "number"), [(0, 1), (1, 0), (100_000, 1), (1, 10**9)])
def test_numbers_that_do_not_fit_are_refused(series: int, number: int) -> None:
    with pytest.raises(MoneyError):
        domain.payment_reference(series, number)


def context_of(purpose: PurposeClass) -> QuoteContext:
    keys = {"pricing.rounding": "half-up", "pricing.public_purposes_are_free": True}
    return quote_context(Rules({key: Parameter(key, 1, value) for key, value in keys.items()}), purpose)


def plan(*charges: dict[str, object]) -> PricePlan:
    return PricePlan(uuid4(), uuid4(), "价", "P", "CNY", read_charges(list(charges), "CNY", ACCEPTED))


CALLS: dict[str, object] = {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 10}
MONTHLY: dict[str, object] = {"model": "flat", "amount": "20"}


def used(**by_purpose: int) -> LicenceUsage:
    return LicenceUsage(
        uuid4(), 3, {PurposeClass(name): {"calls": calls} for name, calls in by_purpose.items()}
    )


def test_free_purposes_are_listed_apart_at_zero() -> None:
    purposes = (PurposeClass.PUBLIC_WELFARE, PurposeClass.INDUSTRY)
    lines = rating.rate(plan(CALLS), purposes, used(industry=30, public_welfare=500), context_of)
    assert [(item.line.quantity, item.line.amount.minor) for item in lines] == [(30, 100), (500, 0)]
    assert {item.usage_period_no for item in lines} == {3}


def test_the_allowance_is_given_once_whatever_the_use() -> None:
    lines = rating.rate(plan(CALLS), (PurposeClass.INDUSTRY,), used(industry=10), context_of)
    assert rating.total(lines, "CNY") == Money(0, "CNY")


def test_a_charge_per_period_falls_due_without_use_and_once() -> None:
    both = (PurposeClass.INDUSTRY, PurposeClass.PUBLIC_WELFARE)
    idle = rating.rate(plan(MONTHLY, CALLS), both, used(industry=0), context_of)
    assert rating.total(idle, "CNY") == Money(2000, "CNY")
    busy = rating.rate(plan(MONTHLY, CALLS), both, used(industry=11, public_welfare=9), context_of)
    assert rating.total(busy, "CNY") == Money(2005, "CNY")
    assert sum(item.line.metric == "periods" for item in busy) == 1


def test_an_agreement_of_free_purposes_only_costs_nothing() -> None:
    lines = rating.rate(
        plan(MONTHLY, CALLS), (PurposeClass.PUBLIC_WELFARE,), used(public_welfare=9), context_of
    )
    assert rating.total(lines, "CNY") == Money(0, "CNY")
    assert [item.line.quantity for item in lines] == [9]
