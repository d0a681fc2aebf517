"""The life of an order to purge data."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.purges.errors import PurgeStateForbids


class PurgeStatus(StrEnum):
    """Status of an order."""

    ORDERED = "ordered"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    REJECTED = "rejected"


class PurgeAction(StrEnum):
    """What is done with it."""

    CONFIRM = "confirmation"
    COMPLETE = "completion"
    REJECT = "rejection"


_S = PurgeStatus

PURGE: StateMachine[PurgeStatus, PurgeAction] = StateMachine(
    Message("purge order"),
    {
        PurgeAction.CONFIRM: Transition(frozenset({_S.ORDERED}), _S.CONFIRMED),
        PurgeAction.COMPLETE: Transition(frozenset({_S.CONFIRMED}), _S.COMPLETED),
        PurgeAction.REJECT: Transition(frozenset({_S.ORDERED}), _S.REJECTED),
    },
    PurgeStateForbids,
)
"""Raises `PurgeStateForbids` for an action that its status does not allow."""
