"""Rating: the context a charge is rated under, and the line that explains itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, Protocol, Self
from uuid import UUID

from pricing.models.metrics import Sentence, counted
from pricing.models.reading import ChargeReader
from pricing.money import Money, round_amount
from pricing.regulated.purposes import PURPOSE_TERMS, PurposeClass

ZERO = Decimal(0)
_NOTHING_TO_ADD = Sentence("", "")


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that one unit of a metric may cost.

    `unit_price` is exact, in major units of `currency`; `source` names the decision that set it.
    """

    unit_price: Decimal
    currency: str
    source: str


@dataclass(frozen=True, slots=True)
class RatingContext:
    """What a charge is rated under: the plan version, its currency, the purpose, and the rules on both.

    `free_of_charge` is true where the rules in force make the purpose free.
    """

    price_plan_id: UUID
    currency: str
    purpose: PurposeClass
    free_of_charge: bool
    ceilings: Mapping[str, Ceiling]


class Line(NamedTuple):
    """One rated charge.

    `quantity` units of `metric` were used, `allowance_used` of them free; the rest cost `unit_price` each
    (exact, major units of the currency; never above `agreed_unit_price`). `exact` is the amount before and
    `amount` after the one rounding. `price_plan_id` is the immutable price version the line came from.
    """

    model: str
    metric: str
    quantity: int
    allowance_used: int
    agreed_unit_price: Decimal
    unit_price: Decimal
    exact: Decimal
    amount: Money
    explanation: Sentence
    price_plan_id: UUID


class Charge(Protocol):
    """One charge of a plan: a price model with its figures. Immutable and pure."""

    model: ClassVar[str]

    @property
    def metric(self) -> str:
        """The metric the charge is on; a plan has at most one charge on each."""

    @classmethod
    def read(cls, reader: ChargeReader) -> Self:
        """Build the charge from a document; what is wrong is reported to `reader`, with its place."""

    def document(self) -> dict[str, Any]:
        """Return the charge as JSON values, decimals as text: what `read` takes."""

    def rate(self, quantity: int, context: RatingContext) -> Line:
        """Rate `quantity` units (at least 0) of the metric under `context`."""


def applied_price(agreed: Decimal, metric: str, context: RatingContext) -> tuple[Decimal, Sentence]:
    """Return the unit price to charge, the lower of the agreed one and the ceiling in force, and why."""
    ceiling = context.ceilings.get(metric)
    if ceiling is None or agreed <= ceiling.unit_price:
        return agreed, _NOTHING_TO_ADD
    return ceiling.unit_price, Sentence(
        f" The agreed price of {agreed:f} {context.currency} is above the ceiling of {ceiling.unit_price:f} "
        f"{context.currency} in force ({ceiling.source}), so the ceiling applies.",
        f"约定单价{agreed:f} {context.currency}高于现行最高收费标准{ceiling.unit_price:f} {context.currency}"
        f"（{ceiling.source}），按最高收费标准执行。",
    )


def round_line(exact: Decimal, currency: str) -> tuple[Money, Sentence]:
    """Round a line's exact amount, once, and say so where the rounding changed it."""
    amount = round_amount(exact, currency)
    rounded = amount.decimal()
    result = f"{rounded} {currency}"
    if rounded == exact:
        return amount, Sentence(f"{result}.", f"{result}。")
    before = f"{exact:f} {currency}"
    return amount, Sentence(f"{before}, rounded half up to {result}.", f"{before}，四舍五入为{result}。")


def free_line(charge: Charge, quantity: int, agreed: Decimal, context: RatingContext) -> Line:
    """Return a line that costs nothing: because the purpose is free, or because the charge is.

    Every unit is priced at zero and no allowance is consumed.
    """
    used = counted(quantity, charge.metric)
    if context.free_of_charge:
        purpose = PURPOSE_TERMS[context.purpose]
        explanation = Sentence(
            f"{used.en}, free of charge because the purpose is {purpose.english}.",
            f"{used.zh}，用于{'、'.join(purpose.chinese)}，免费。",
        )
    else:
        explanation = Sentence(
            f"{used.en}, free of charge under this plan.", f"{used.zh}，本价格方案不收费。"
        )
    return Line(
        model=charge.model,
        metric=charge.metric,
        quantity=quantity,
        allowance_used=0,
        agreed_unit_price=agreed,
        unit_price=ZERO,
        exact=ZERO,
        amount=Money.zero(context.currency),
        explanation=explanation,
        price_plan_id=context.price_plan_id,
    )
