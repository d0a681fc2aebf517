"""A quote over HTTP: every figure exact text, every line with its reasons."""

from decimal import Decimal

from pricing.models.per_unit import PerUnit
from pricing.plans.domain import PricePlan
from pricing.quotes.context import QuoteContext
from pricing.quotes.domain import quote
from pricing.quotes.schemas import QuoteRead
from pricing.regulated.purposes import PUBLIC_PURPOSES, PurposeClass
from tests.pricing.strategies import OPERATOR_ID, PLAN_ID


def test_a_quote_is_rendered_without_losing_a_digit() -> None:
    charges = (PerUnit("rows", Decimal("0.00000001"), 10),)
    plan = PricePlan(PLAN_ID, OPERATOR_ID, None, "Standard", "KWD", charges)
    rules = ({"key": "pricing.rounding", "version": 3},)
    context = QuoteContext(PurposeClass.INDUSTRY, PUBLIC_PURPOSES, rules=rules)
    read = QuoteRead.of(quote(plan, {"rows": 150_010}, context))
    assert read.model_dump(mode="json") == {
        "price_plan_id": str(PLAN_ID),
        "purpose_class": "industry",
        "lines": [
            {
                "model": "per_unit",
                "metric": "rows",
                "quantity": 150_010,
                "allowance_used": 10,
                "agreed_unit_price": "0.00000001",
                "unit_price": "0.00000001",
                "exact_amount": "0.00150000",
                "amount": {"amount": "0.002", "currency": "KWD"},
                "explanation_en": "150,010 rows, 10 within the free allowance; 150,000 at 0.00000001 KWD each: "
                "0.00150000 KWD, rounded half up to 0.002 KWD.",
                "explanation_zh": "150,010行数据，免费额度内10行，其余150,000行每行0.00000001 KWD，"
                "计0.00150000 KWD，四舍五入为0.002 KWD。",
                "price_plan_id": str(PLAN_ID),
            }
        ],
        "total": {"amount": "0.002", "currency": "KWD"},
        "rules": [{"key": "pricing.rounding", "version": 3}],
    }
    assert QuoteRead.model_validate_json(read.model_dump_json()) == read
