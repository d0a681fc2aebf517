"""How far a price plan may go."""

from decimal import Decimal

from infra.rulebook.domain import Rules
from pricing.models.reading import PlanLimits

ACCEPTED = PlanLimits(
    max_charges=1_000, max_price_places=20, max_unit_price=Decimal("1e20"), max_allowance=2**63
)
"""Limits for reading a plan that was accepted: it stays readable when the rulebook narrows what is acceptable."""


def plan_limits(rules: Rules) -> PlanLimits:
    """Return how far a price plan may go under the rules in force."""
    return PlanLimits(
        max_charges=rules.integer("pricing.max_charges"),
        max_price_places=rules.integer("pricing.max_price_places"),
        max_unit_price=rules.decimal("pricing.max_unit_price"),
        max_allowance=rules.integer("pricing.max_allowance"),
    )
