"""From what was used to what is charged, pure: one rating per licence, by the function that made the quote."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pricing.models.metrics import PERIODS
from pricing.models.rating import Line
from pricing.money import Money
from pricing.plans.domain import PricePlan
from pricing.quotes.context import QuoteContext
from pricing.quotes.domain import quote
from pricing.regulated.purposes import PurposeClass

PurposeUsage = Mapping[PurposeClass, Mapping[str, int]]
"""What was used for each purpose, by metric."""


@dataclass(frozen=True, slots=True)
class RatedLine:
    """A line of an invoice: a rated charge, and the licence and usage period it rests on."""

    licence_id: UUID
    usage_period_no: int
    line: Line


@dataclass(frozen=True, slots=True)
class LicenceUsage:
    """What one licence used in one period."""

    licence_id: UUID
    usage_period_no: int
    used: PurposeUsage

    @property
    def is_empty(self) -> bool:
        """Whether nothing was used."""
        return not any(count for metrics in self.used.values() for count in metrics.values())


def rate(
    plan: PricePlan,
    purposes: Sequence[PurposeClass],
    usage: LicenceUsage,
    context_of: Callable[[PurposeClass], QuoteContext],
    *,
    periods_due: bool = True,
) -> list[RatedLine]:
    """Rate one licence's period.

    Use for purposes that are charged for is rated together, so that an allowance is given once, whatever it was
    used for; use for free purposes is listed apart, at zero. A plan's charges per period fall due once, unless
    every purpose of the agreement is free.

    :param purposes: the purposes agreed, at least one.
    :param context_of: the context that the rules in force give a purpose.
    :param periods_due: whether charges per period fall due: not in a period that began after the contract had ended.
    """
    assert purposes, "an agreement names at least one purpose"
    contexts = {purpose: context_of(purpose) for purpose in {*purposes, *usage.used}}
    free = [purpose for purpose, context in contexts.items() if purpose in context.free_purposes]
    charged = [purpose for purpose in purposes if purpose not in free] or [
        purpose for purpose in usage.used if purpose not in free
    ]
    lines: list[Line] = []
    if charged:
        together = _sum(metrics for purpose, metrics in usage.used.items() if purpose not in free)
        lines.extend(quote(plan, together, contexts[charged[0]]).lines)
    for purpose in sorted(free):
        used = usage.used.get(purpose, {})
        if any(used.values()):
            rated = quote(plan, used, contexts[purpose]).lines
            lines.extend(line for line in rated if line.metric != PERIODS)
    return [
        RatedLine(usage.licence_id, usage.usage_period_no, line)
        for line in lines
        if periods_due or line.metric != PERIODS
    ]


def total(lines: Sequence[RatedLine], currency: str) -> Money:
    """Sum of the rounded lines."""
    return Money(sum(rated.line.amount.minor for rated in lines), currency)


def _sum(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    summed: dict[str, int] = {}
    for part in parts:
        for metric, count in part.items():
            summed[metric] = summed.get(metric, 0) + count
    return summed
