"""What pricing reads from the rulebook."""

from collections.abc import Mapping

from infra.errors import Conflict
from infra.messages import Message
from infra.rulebook.domain import Rules
from pricing.models.metrics import Metric
from pricing.models.rating import Ceiling
from pricing.models.reading import PlanLimits
from pricing.quote import QuoteContext
from pricing.regulated.purposes import PUBLIC_PURPOSES, PurposeClass

PUBLIC_PURPOSES_ARE_FREE = "pricing.public_purposes_are_free"
ROUNDING = "pricing.rounding"


class RoundingNotSupported(Conflict):
    """The rulebook asks for a rounding that this release does not carry out."""

    slug = "rounding-not-supported"
    title = Message("The rounding in force is not supported")


def plan_limits(rules: Rules) -> PlanLimits:
    """Return how far a price plan may go under the rules in force."""
    return PlanLimits(
        max_charges=rules.integer("pricing.max_charges"),
        max_price_places=rules.integer("pricing.max_price_places"),
        max_unit_price=rules.decimal("pricing.max_unit_price"),
        max_allowance=rules.integer("pricing.max_allowance"),
    )


def quote_context(
    rules: Rules, purpose: PurposeClass, ceilings: Mapping[Metric, Ceiling] | None = None
) -> QuoteContext:
    """Return the context of a quote under the rules in force, stamped with the versions it was read from.

    The stamp holds whatever has been read of `rules` so far. Raises `RoundingNotSupported` where the rules ask
    for another rounding than half up.
    """
    rounding = rules.text(ROUNDING)
    if rounding != "half-up":
        raise RoundingNotSupported(
            Message(
                "The rulebook asks for {rounding!r}; this release rounds half up and charges nothing else.",
                rounding=rounding,
            ),
            remedy=Message(
                "Set the parameter {rounding} to 'half-up', or install a release that knows the other.",
                rounding=ROUNDING,
            ),
        )
    free = rules.value(PUBLIC_PURPOSES_ARE_FREE) is True
    return QuoteContext(
        purpose=purpose,
        free_purposes=PUBLIC_PURPOSES if free else frozenset(),
        ceilings=ceilings or {},
        rules=tuple(rules.stamp()),
    )
