"""The life of a proposed version of a rule."""

from enum import StrEnum

from infra.messages import Message
from infra.rulebook.errors import ProposalDecided
from infra.states import StateMachine, Transition


class ProposalStatus(StrEnum):
    """Status of a proposal."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ProposalAction(StrEnum):
    """What ends a proposal."""

    APPROVE = "approval"
    REJECT = "rejection"
    WITHDRAW = "withdrawal"


_OPEN = frozenset({ProposalStatus.PROPOSED})

PROPOSAL = StateMachine(
    Message("rule proposal"),
    {
        ProposalAction.APPROVE: Transition(_OPEN, ProposalStatus.APPROVED),
        ProposalAction.REJECT: Transition(_OPEN, ProposalStatus.REJECTED),
        ProposalAction.WITHDRAW: Transition(_OPEN, ProposalStatus.WITHDRAWN),
    },
    ProposalDecided,
)
"""Raises `ProposalDecided` for what was decided before."""
