"""Payment references, shares and the split, and rating by purpose: pure."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rulebook.domain import Parameter, Rules
from market.settlement.invoices import domain, rating
from market.settlement.invoices.domain import Share, SplitRole
from market.settlement.invoices.rating import LicenceUsage
from market.settlement.rails.bank.domain import payment_references
from pricing.models.metrics import Metric
from pricing.money import CURRENCIES, Money, MoneyError
from pricing.plans.domain import PricePlan, read_charges
from pricing.plans.limits import ACCEPTED
from pricing.quotes.context import QuoteContext, quote_context
from pricing.regulated.purposes import PurposeClass


def test_the_standard_s_own_reference_is_sound() -> None:
    assert domain.reference_is_sound("RF18539007547034")  # the example that ISO 11649 is usually shown with
    assert not domain.reference_is_sound("RF18539007547035")


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
    assert domain.reference_is_sound(reference)
    assert payment_references([f"pays {reference.lower()} thanks"]) == [reference]
    wrong = str((int(reference[place]) + slip) % 10)
    assert not domain.reference_is_sound(reference[:place] + wrong + reference[place + 1 :])


@pytest.mark.parametrize(("series", "number"), [(0, 1), (1, 0), (100_000, 1), (1, 10**9)])
def test_numbers_that_do_not_fit_are_refused(series: int, number: int) -> None:
    with pytest.raises(MoneyError):
        domain.payment_reference(series, number)


shares = st.lists(
    st.builds(
        Share,
        role=st.sampled_from(SplitRole),
        organisation_id=st.one_of(st.none(), st.uuids()),
        share=st.decimals(min_value=0, max_value=10_000, places=4),
    ),
    min_size=1,
    max_size=8,
).filter(lambda items: any(item.share for item in items))


@given(minor=st.integers(0, 10**15), currency=st.sampled_from(sorted(CURRENCIES)), parties=shares)
def test_every_split_sums_to_the_whole(minor: int, currency: str, parties: list[Share]) -> None:
    parts = domain.split(Money(minor, currency), parties)
    assert sum(part.minor for _, part in parts) == minor
    assert all(part.minor > 0 for _, part in parts)
    assert domain.read_shares([share.document() for share in parties]) == tuple(parties)


def test_a_tie_goes_to_the_owner() -> None:
    owner, operator = uuid4(), uuid4()
    thirds = domain.shares_of(
        {"owner": 1, "operator": 1, "platform": 1}, owner_id=owner, operator_id=operator
    )
    assert [(share.role, part.minor) for share, part in domain.split(Money(100, "CNY"), thirds)] == [
        (SplitRole.OWNER, 34),
        (SplitRole.OPERATOR, 33),
        (SplitRole.PLATFORM, 33),
    ]


def context_of(purpose: PurposeClass) -> QuoteContext:
    keys = {"pricing.rounding": "half-up", "pricing.public_purposes_are_free": True}
    return quote_context(Rules({key: Parameter(key, 1, value) for key, value in keys.items()}), purpose)


def plan(*charges: dict[str, object]) -> PricePlan:
    return PricePlan(uuid4(), uuid4(), "价", "P", "CNY", read_charges(list(charges), "CNY", ACCEPTED))


CALLS: dict[str, object] = {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 10}
MONTHLY: dict[str, object] = {"model": "flat", "amount": "20"}


def used(**by_purpose: int) -> LicenceUsage:
    return LicenceUsage(
        uuid4(), 3, {PurposeClass(name): {Metric.CALLS: calls} for name, calls in by_purpose.items()}
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
    assert sum(item.line.metric is Metric.PERIODS for item in busy) == 1


def test_an_agreement_of_free_purposes_only_costs_nothing() -> None:
    lines = rating.rate(
        plan(MONTHLY, CALLS), (PurposeClass.PUBLIC_WELFARE,), used(public_welfare=9), context_of
    )
    assert rating.total(lines, "CNY") == Money(0, "CNY")
    assert [item.line.quantity for item in lines] == [9]


def test_digests_depend_on_every_word() -> None:
    document = {"total_minor": 5, "lines": [{"quantity": 1}]}
    assert domain.digest(document) == domain.digest(dict(reversed(document.items())))
    assert domain.digest(document) != domain.digest({**document, "total_minor": 6})
