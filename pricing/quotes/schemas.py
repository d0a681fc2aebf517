"""Quotes over HTTP: shown to buyers before they order, and kept on invoices."""

from typing import Self
from uuid import UUID

from pydantic import Field

from infra.rulebook.schemas import RuleVersionRead
from infra.schema import DecimalText, Output
from pricing.models.rating import Line
from pricing.money import MoneyOut
from pricing.quotes.domain import Quote
from pricing.regulated.purposes import PurposeClass


class QuoteLineRead(Output):
    """One rated charge, with the sentence that explains it."""

    model: str
    metric: str = Field(description="A metered unit, or periods for a charge per billing period")
    quantity: int = Field(description="Units used")
    allowance_used: int = Field(description="Of them within the free allowance")
    agreed_unit_price: DecimalText = Field(description="Price of the plan, exact, in major units")
    unit_price: DecimalText = Field(description="Price charged: never above the agreed one or a ceiling")
    exact_amount: DecimalText = Field(description="Before the one rounding, in major units")
    amount: MoneyOut
    explanation_en: str
    explanation_zh: str
    price_plan_id: UUID = Field(description="The immutable price version")

    @classmethod
    def of(cls, line: Line) -> Self:
        """Render a line."""
        return cls(
            model=line.model,
            metric=line.metric,
            quantity=line.quantity,
            allowance_used=line.allowance_used,
            agreed_unit_price=line.agreed_unit_price,
            unit_price=line.unit_price,
            exact_amount=line.exact,
            amount=MoneyOut.of(line.amount),
            explanation_en=line.explanation.en,
            explanation_zh=line.explanation.zh,
            price_plan_id=line.price_plan_id,
        )


class QuoteRead(Output):
    """What one billing period of a stated use costs under one price version and the rules in force."""

    price_plan_id: UUID
    purpose_class: PurposeClass
    lines: list[QuoteLineRead]
    total: MoneyOut
    rules: list[RuleVersionRead] = Field(description="Rulebook versions the quote rests on: key and version")

    @classmethod
    def of(cls, quote: Quote) -> Self:
        """Render a quote."""
        return cls(
            price_plan_id=quote.plan.id,
            purpose_class=quote.purpose,
            lines=[QuoteLineRead.of(line) for line in quote.lines],
            total=MoneyOut.of(quote.total),
            rules=[RuleVersionRead.model_validate(stamp) for stamp in quote.rules],
        )
