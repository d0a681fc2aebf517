"""The one function that turns use into money: quotes, invoices and audits all call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.messages import Message
from pricing.models.metrics import PERIODS, used_metrics
from pricing.models.rating import Charge, Line, RatingContext
from pricing.money import EXACT, AmountTooLarge, Money
from pricing.plans.domain import PricePlan
from pricing.quotes.context import QuoteContext
from pricing.quotes.errors import BrokenInvariant, UnpriceableUsage
from pricing.regulated.purposes import PurposeClass


@dataclass(frozen=True, slots=True)
class Quote:
    """What one billing period costs: a line per charge of the plan, in the plan's order, and their sum."""

    plan: PricePlan
    purpose: PurposeClass
    lines: tuple[Line, ...]
    total: Money
    rules: tuple[Mapping[str, Any], ...]


def quote(plan: PricePlan, usage: Mapping[str, int], context: QuoteContext) -> Quote:
    """Rate one billing period.

    `usage` maps a metric to the whole number of units used; an absent metric is zero, a metric that the plan has no
    charge for costs nothing, and billing periods are not usage. Each line is rounded once; the total is the sum of
    the rounded lines.

    Executed here, whatever the model does: a purpose that is free is priced at zero, and no line exceeds the
    ceiling in force. Raises `UnpriceableUsage` for an unknown metric, a quantity that is not a whole number
    from 0, a ceiling in another currency, or an amount too large to settle.
    """
    _check_usage(usage)
    for metric, ceiling in context.ceilings.items():
        if ceiling.currency != plan.currency:
            raise UnpriceableUsage(
                Message(
                    "The ceiling on {metric} is in {currency}, the plan in {currency_2}.",
                    metric=metric,
                    currency=ceiling.currency,
                    currency_2=plan.currency,
                )
            )
    rating = RatingContext(
        price_plan_id=plan.id,
        currency=plan.currency,
        purpose=context.purpose,
        free_of_charge=context.purpose in context.free_purposes,
        ceilings=context.ceilings,
    )
    try:
        lines = tuple(_rate(charge, usage, rating) for charge in plan.charges)
        total = Money(sum(line.amount.minor for line in lines), plan.currency)
    except AmountTooLarge as error:
        raise UnpriceableUsage(
            Message("The use costs too much to be settled: {error}.", error=error)
        ) from error
    return Quote(plan, context.purpose, lines, total, context.rules)


def _rate(charge: Charge, usage: Mapping[str, int], rating: RatingContext) -> Line:
    line = charge.rate(1 if charge.metric == PERIODS else usage.get(charge.metric, 0), rating)
    _check_line(line, rating)
    return line


def _check_usage(usage: Mapping[str, int]) -> None:
    used = used_metrics()
    for metric, quantity in usage.items():
        if metric not in used:
            raise UnpriceableUsage(
                Message("{metric!r} is not a metric that use is counted in.", metric=metric)
            )
        if type(quantity) is not int or quantity < 0:
            raise UnpriceableUsage(
                Message(
                    "{metric} used must be a whole number from 0, not {quantity!r}.",
                    metric=metric,
                    quantity=quantity,
                )
            )


def _check_line(line: Line, rating: RatingContext) -> None:
    if rating.free_of_charge and (line.exact or line.amount.minor):
        raise BrokenInvariant(f"{line.metric} is charged {line.exact} for {rating.purpose}, which is free")
    ceiling = rating.ceilings.get(line.metric)
    if ceiling is not None and line.exact > EXACT.multiply(ceiling.unit_price, line.quantity):
        raise BrokenInvariant(
            f"{line.metric} is charged {line.exact}, above its ceiling {ceiling.unit_price}"
        )
