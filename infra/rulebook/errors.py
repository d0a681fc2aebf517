"""What the rulebook refuses."""

from infra.errors import Conflict, Forbidden, Invalid
from infra.messages import Message


class RuleBackdated(Invalid):
    """Decisions already taken cannot be given other rules."""

    slug = "rule-backdated"
    title = Message("Effective date in the past")


class RuleShapeChanged(Invalid):
    """The value is not of the type that the parameter holds."""

    slug = "rule-shape-changed"
    title = Message("Value is not of the parameter's type")


class RuleOutOfRange(Invalid):
    """The value is of the right type, and not one that the parameter may hold."""

    slug = "rule-out-of-range"
    title = Message("Value is not one the parameter may hold")


class ProposalOpen(Conflict):
    """One proposal of a parameter is open at a time."""

    slug = "rule-proposal-open"
    title = Message("A proposal is open already")


class ProposalDecided(Conflict):
    """A proposal is decided once."""

    slug = "rule-proposal-decided"
    title = Message("Proposal already decided")


class ProposalOverdue(Conflict):
    """The date from which it was to be effective has passed."""

    slug = "rule-proposal-overdue"
    title = Message("Proposed effective date has passed")


class NotTheProposer(Forbidden):
    """Only who proposed it withdraws it."""

    slug = "not-the-proposer"
    title = Message("Only the proposer can withdraw a proposal")
