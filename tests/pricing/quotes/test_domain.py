"""The one rating function: worked examples by hand, and what holds for every plan and every use."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.models.flat import Flat
from pricing.models.per_unit import PerUnit
from pricing.models.rating import Ceiling, Line, RatingContext
from pricing.money import Money, allocate, exponent, round_amount
from pricing.plans.domain import PricePlan, read_charges
from pricing.quotes.context import QuoteContext
from pricing.quotes.domain import quote
from pricing.quotes.errors import BrokenInvariant, UnpriceableUsage
from pricing.regulated.purposes import PUBLIC_PURPOSES, PurposeClass
from tests.pricing.strategies import (
    LIMITS,
    OPERATOR_ID,
    PLAN_ID,
    ceilings_for,
    plans,
    plans_in_context,
    quantities,
    usages,
)

INDUSTRY = QuoteContext(PurposeClass.INDUSTRY, PUBLIC_PURPOSES)


def plan_of(currency: str, *documents: dict[str, Any]) -> PricePlan:
    charges = read_charges(documents, currency, LIMITS)
    return PricePlan(PLAN_ID, OPERATOR_ID, "标准方案", "Standard", currency, charges)


CITY = plan_of(
    "CNY",
    {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 100},
    {"model": "per_unit", "metric": "rows", "unit_price": "0.0003", "allowance": 1000},
    {"model": "flat", "amount": "200"},
)


# Worked by hand. Per call and per row with a free allowance, and a flat fee:
#   1,250 calls  -   100 free = 1,150 × 0.05   =  57.5        → 57.50
#  34,567 rows   - 1,000 free = 33,567 × 0.0003 = 10.0701     → 10.07
#                                     flat                    → 200.00
#                                                               267.57
def test_a_month_of_a_city_plan() -> None:
    result = quote(CITY, {"calls": 1250, "rows": 34567}, INDUSTRY)
    calls, rows, flat = result.lines
    assert (calls.quantity, calls.allowance_used, calls.exact) == (1250, 100, Decimal("57.5"))
    assert (rows.quantity, rows.allowance_used, rows.exact) == (34567, 1000, Decimal("10.0701"))
    assert (flat.quantity, flat.allowance_used, flat.exact) == (1, 0, Decimal("200"))
    assert [line.amount.minor for line in result.lines] == [5750, 1007, 20000]
    assert result.total == Money(26757, "CNY")
    assert {line.price_plan_id for line in result.lines} == {PLAN_ID}


def test_every_line_explains_itself_in_both_languages() -> None:
    lines = quote(CITY, {"calls": 1250, "rows": 2001}, INDUSTRY).lines
    assert [line.explanation for line in lines] == [
        (
            "1,250 calls, 100 within the free allowance; 1,150 at 0.05 CNY each: 57.50 CNY.",
            "1,250次调用，免费额度内100次，其余1,150次每次0.05 CNY，计57.50 CNY。",
        ),
        (
            (
                "2,001 rows, 1,000 within the free allowance; 1,001 at 0.0003 CNY each: "
                "0.3003 CNY, rounded half up to 0.30 CNY."
            ),
            "2,001行数据，免费额度内1,000行，其余1,001行每行0.0003 CNY，计0.3003 CNY，四舍五入为0.30 CNY。",
        ),
        (
            "Flat charge of 200 CNY, 1 billing period: 200.00 CNY.",
            "固定费用200 CNY，1个计费周期，计200.00 CNY。",
        ),
    ]


@pytest.mark.parametrize(
    ("currency", "price", "allowance", "used", "minor"),
    [
        ("CNY", "0.05", 100, 0, 0),  # nothing used
        ("CNY", "0.05", 100, 100, 0),  # the allowance to its last unit
        ("CNY", "0.05", 100, 101, 5),  # one beyond it
        ("CNY", "0.005", 0, 1, 1),  # half a fen rounds up
        ("CNY", "0.0049", 0, 1, 0),  # less than half does not
        ("CNY", "0.00333333", 0, 3, 1),  # 0.00999999: rounded once on the line, not 3 × round(0.0033) = 0
        ("JPY", "0.5", 0, 3, 2),  # 1.5 yen, and the yen has no sub-unit
        ("KRW", "12.5", 0, 3, 38),  # 37.5 won
        ("KWD", "0.0015", 0, 1, 2),  # 1.5 fils
        ("BHD", "1.2345", 10, 20, 12345),  # 10 × 1.2345 dinar, three places, exact
        ("USD", "0.0001", 1_000_000, 10_000_000, 90000),  # 9 million × 0.0001 dollar
    ],
)
def test_per_unit_by_hand(currency: str, price: str, allowance: int, used: int, minor: int) -> None:
    plan = plan_of(
        currency, {"model": "per_unit", "metric": "rows", "unit_price": price, "allowance": allowance}
    )
    assert quote(plan, {"rows": used}, INDUSTRY).total == Money(minor, currency)


def test_a_free_metric_is_shown_and_costs_nothing() -> None:
    plan = plan_of("CNY", {"model": "free", "metric": "rows"})
    line = quote(plan, {"rows": 1}, INDUSTRY).lines[0]
    assert (line.quantity, line.amount) == (1, Money(0, "CNY"))
    assert line.explanation == ("1 row, free of charge under this plan.", "1行数据，本价格方案不收费。")


def test_the_price_is_the_lower_of_agreed_and_ceiling() -> None:
    ceilings = {
        "calls": Ceiling(Decimal("0.03"), "CNY", "Decision 7"),
        "rows": Ceiling(Decimal("0.9"), "CNY", "Decision 7"),
    }
    calls, rows, _ = quote(CITY, {"calls": 200, "rows": 2000}, replace(INDUSTRY, ceilings=ceilings)).lines
    assert (calls.agreed_unit_price, calls.unit_price, calls.exact) == (
        Decimal("0.05"),
        Decimal("0.03"),
        Decimal(3),
    )
    assert calls.explanation.en == (
        "200 calls, 100 within the free allowance; 100 at 0.03 CNY each: 3.00 CNY. The agreed price "
        "of 0.05 CNY is above the ceiling of 0.03 CNY in force (Decision 7), so the ceiling applies."
    )
    assert "高于现行最高收费标准0.03 CNY" in calls.explanation.zh
    assert (rows.unit_price, rows.exact) == (Decimal("0.0003"), Decimal("0.3"))
    assert "ceiling" not in rows.explanation.en


@pytest.mark.parametrize(
    ("purpose", "english", "chinese"),
    [
        (PurposeClass.PUBLIC_GOVERNANCE, "public governance", "公共治理"),
        (PurposeClass.PUBLIC_WELFARE, "public welfare", "公益事业"),
    ],
)
def test_public_purposes_are_free_and_say_why(purpose: PurposeClass, english: str, chinese: str) -> None:
    result = quote(CITY, {"calls": 1250, "rows": 34567}, replace(INDUSTRY, purpose=purpose))
    assert result.total == Money(0, "CNY")
    assert result.lines[0].explanation == (
        f"1,250 calls, free of charge because the purpose is {english}.",
        f"1,250次调用，用于{chinese}，免费。",
    )
    assert all(line.allowance_used == 0 and line.unit_price == 0 for line in result.lines)


def test_use_that_no_charge_is_for_costs_nothing() -> None:
    plan = plan_of("CNY", {"model": "per_unit", "metric": "calls", "unit_price": "1"})
    assert quote(plan, {"calls": 2, "rows": 10**9}, INDUSTRY).total == Money(200, "CNY")


@given(plans_in_context(), usages, st.sampled_from(["calls", "rows"]), quantities)
def test_more_use_never_costs_less(
    drawn: tuple[PricePlan, QuoteContext], usage: dict[str, int], metric: str, more: int
) -> None:
    plan, context = drawn
    greater = {**usage, metric: usage.get(metric, 0) + more}
    assert quote(plan, greater, context).total.minor >= quote(plan, usage, context).total.minor


@given(plans_in_context(), usages, st.data())
def test_neither_the_order_of_charges_nor_of_use_matters(
    drawn: tuple[PricePlan, QuoteContext], usage: dict[str, int], data: st.DataObject
) -> None:
    plan, context = drawn
    shuffled = replace(plan, charges=tuple(data.draw(st.permutations(plan.charges))))
    turned = dict(reversed(usage.items()))
    result, other = quote(plan, usage, context), quote(shuffled, turned, context)
    assert other.total == result.total
    assert sorted(other.lines) == sorted(result.lines)


@given(plans, usages, st.sampled_from(sorted(PUBLIC_PURPOSES)), st.data())
def test_nothing_is_charged_for_a_public_purpose(
    plan: PricePlan, usage: dict[str, int], purpose: PurposeClass, data: st.DataObject
) -> None:
    context = QuoteContext(purpose, PUBLIC_PURPOSES, data.draw(ceilings_for(plan)))
    result = quote(plan, usage, context)
    assert result.total.minor == 0
    assert all(line.exact == 0 and line.amount.minor == 0 for line in result.lines)


@given(plans_in_context([PurposeClass.INDUSTRY]), usages)
def test_no_line_is_above_its_ceiling_or_its_agreed_price(
    drawn: tuple[PricePlan, QuoteContext], usage: dict[str, int]
) -> None:
    plan, context = drawn
    for line in quote(plan, usage, context).lines:
        assert line.unit_price <= line.agreed_unit_price
        assert line.exact <= line.unit_price * line.quantity
        if (ceiling := context.ceilings.get(line.metric)) is not None:
            assert line.unit_price <= ceiling.unit_price


@given(plans_in_context(), usages)
def test_the_total_is_the_sum_of_lines_each_rounded_once(
    drawn: tuple[PricePlan, QuoteContext], usage: dict[str, int]
) -> None:
    plan, context = drawn
    result = quote(plan, usage, context)
    assert sum((line.amount for line in result.lines), Money.zero(plan.currency)) == result.total
    for line in result.lines:
        charged = line.quantity - line.allowance_used
        assert Fraction(line.exact) == Fraction(line.unit_price) * charged
        assert line.amount == round_amount(line.exact, plan.currency)
        error = abs(Fraction(line.amount.decimal()) - Fraction(line.exact))
        assert error <= Fraction(1, 2 * 10 ** exponent(plan.currency))


@given(plans_in_context(), usages, st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(any))
def test_every_total_splits_into_parts_that_sum_to_it(
    drawn: tuple[PricePlan, QuoteContext], usage: dict[str, int], shares: list[int]
) -> None:
    total = quote(*(drawn[0], usage, drawn[1])).total
    assert sum(allocate(total, shares), Money.zero(total.currency)) == total


@given(plans_in_context(), usages)
def test_a_quote_can_be_replayed(drawn: tuple[PricePlan, QuoteContext], usage: dict[str, int]) -> None:
    plan, context = drawn
    documents = [charge.document() for charge in plan.charges]
    again = replace(plan, charges=read_charges(documents, plan.currency, LIMITS))
    assert quote(again, usage, context) == quote(plan, usage, context)


@pytest.mark.parametrize(
    "usage", [{"pages": 1}, {"periods": 2}, {"calls": -1}, {"calls": 1.0}, {"calls": True}, {"calls": "1"}]
)
def test_usage_that_means_nothing_is_refused(usage: dict[Any, Any]) -> None:
    with pytest.raises(UnpriceableUsage):
        quote(CITY, usage, INDUSTRY)


def test_a_ceiling_in_another_currency_is_refused() -> None:
    ceilings = {"calls": Ceiling(Decimal(1), "USD", "a decision")}
    with pytest.raises(UnpriceableUsage, match="USD"):
        quote(CITY, {}, replace(INDUSTRY, ceilings=ceilings))


def test_what_costs_too_much_to_settle_is_refused() -> None:
    plan = plan_of("KWD", {"model": "per_unit", "metric": "rows", "unit_price": "1000000"})
    with pytest.raises(UnpriceableUsage, match="too much to be settled"):
        quote(plan, {"rows": 10**12}, INDUSTRY)


class Greedy(PerUnit):
    """A price model with a fault: it looks at neither ceiling nor purpose."""

    model: ClassVar[str] = "greedy"

    def rate(self, quantity: int, context: RatingContext) -> Line:
        deaf = RatingContext(
            UUID(int=0), context.currency, PurposeClass.INDUSTRY, free_of_charge=False, ceilings={}
        )
        return super().rate(quantity, deaf)


@pytest.mark.parametrize(
    "context",
    [
        replace(INDUSTRY, purpose=PurposeClass.PUBLIC_WELFARE),
        replace(INDUSTRY, ceilings={"calls": Ceiling(Decimal("0.09"), "CNY", "a decision")}),
    ],
)
def test_a_faulty_price_model_cannot_break_a_rule(context: QuoteContext) -> None:
    plan = replace(CITY, charges=(Greedy("calls", Decimal("0.1")), Flat(Decimal(0))))
    with pytest.raises(BrokenInvariant):
        quote(plan, {"calls": 10}, context)
