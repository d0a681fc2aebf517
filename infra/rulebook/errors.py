"""What the rulebook refuses."""

from infra.errors import Invalid
from infra.messages import Message


class RuleBackdated(Invalid):
    """Decisions already taken cannot be given other rules."""

    slug = "rule-backdated"
    title = Message("Effective date in the past")


class RuleShapeChanged(Invalid):
    """A new version must be of the same JSON type as the one before."""

    slug = "rule-shape-changed"
    title = Message("Value type differs from the previous version")
