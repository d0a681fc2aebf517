"""Per unit: each unit of a metric costs the same, after a free allowance in each billing period."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

from pricing.models.metrics import Sentence, counted, measure_word
from pricing.models.rating import Line, RatingContext, applied_price, free_line, round_line
from pricing.models.reading import ChargeReader
from pricing.money import EXACT


@dataclass(frozen=True, slots=True)
class PerUnit:
    """`unit_price` (exact, major units) per unit of `metric`, beyond the first `allowance` of a period."""

    model: ClassVar[str] = "per_unit"

    metric: str
    unit_price: Decimal
    allowance: int = 0

    @classmethod
    def read(cls, reader: ChargeReader) -> Self:
        """Build from `{"metric", "unit_price", "allowance"?}`."""
        return cls(reader.metric("metric"), reader.price("unit_price"), reader.count("allowance"))

    def document(self) -> dict[str, Any]:
        """Return the charge as JSON values."""
        return {
            "model": self.model,
            "metric": self.metric,
            "unit_price": format(self.unit_price, "f"),
            "allowance": self.allowance,
        }

    def rate(self, quantity: int, context: RatingContext) -> Line:
        """Charge what exceeds the allowance, at the lower of the agreed price and the ceiling."""
        if context.free_of_charge:
            return free_line(self, quantity, self.unit_price, context)
        allowance_used = min(quantity, self.allowance)
        charged = quantity - allowance_used
        price, ceiling_note = applied_price(self.unit_price, self.metric, context)
        exact = EXACT.multiply(Decimal(charged), price)
        amount, sum_note = round_line(exact, context.currency)
        used = counted(quantity, self.metric)
        measure = measure_word(self.metric)
        at = f"{price:f} {context.currency}"
        if allowance_used:
            free, rest = f"{allowance_used:,}", f"{charged:,}"
            en = f"{used.en}, {free} within the free allowance; {rest} at "
            zh = f"{used.zh}，免费额度内{free}{measure}，其余{rest}{measure}"
        else:
            en = f"{used.en} at "
            zh = f"{used.zh}，"
        return Line(
            model=self.model,
            metric=self.metric,
            quantity=quantity,
            allowance_used=allowance_used,
            agreed_unit_price=self.unit_price,
            unit_price=price,
            exact=exact,
            amount=amount,
            explanation=Sentence(
                f"{en}{at} each: {sum_note.en}{ceiling_note.en}",
                f"{zh}每{measure}{at}，计{sum_note.zh}{ceiling_note.zh}",
            ),
            price_plan_id=context.price_plan_id,
        )
