"""Flat: one amount for each billing period that has begun, in full and whatever the use."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

from pricing.models.metrics import PERIODS, Sentence, counted
from pricing.models.rating import Line, RatingContext, applied_price, free_line, round_line
from pricing.models.reading import ChargeReader
from pricing.money import EXACT


@dataclass(frozen=True, slots=True)
class Flat:
    """`amount` (exact, major units) for each billing period."""

    model: ClassVar[str] = "flat"

    amount: Decimal

    @property
    def metric(self) -> str:
        """Billing periods: a flat charge is on nothing that is used."""
        return PERIODS

    @classmethod
    def read(cls, reader: ChargeReader) -> Self:
        """Build from `{"amount"}`."""
        return cls(reader.price("amount"))

    def document(self) -> dict[str, Any]:
        """Return the charge as JSON values."""
        return {"model": self.model, "amount": format(self.amount, "f")}

    def rate(self, quantity: int, context: RatingContext) -> Line:
        """Charge `quantity` billing periods, each at the lower of the agreed amount and the ceiling."""
        if context.free_of_charge:
            return free_line(self, quantity, self.amount, context)
        price, ceiling_note = applied_price(self.amount, self.metric, context)
        exact = EXACT.multiply(Decimal(quantity), price)
        amount, sum_note = round_line(exact, context.currency)
        periods = counted(quantity, self.metric)
        return Line(
            model=self.model,
            metric=self.metric,
            quantity=quantity,
            allowance_used=0,
            agreed_unit_price=self.amount,
            unit_price=price,
            exact=exact,
            amount=amount,
            explanation=Sentence(
                f"Flat charge of {price:f} {context.currency}, {periods.en}: {sum_note.en}{ceiling_note.en}",
                f"固定费用{price:f} {context.currency}，{periods.zh}，计{sum_note.zh}{ceiling_note.zh}",
            ),
            price_plan_id=context.price_plan_id,
        )
