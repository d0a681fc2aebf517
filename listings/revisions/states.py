"""The life of a change of a product's columns that its readers may not survive."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.revisions.errors import ChangeStateForbids


class ChangeStatus(StrEnum):
    """Status of a breaking change; from ``effective_at`` on an announced one is in force."""

    PROPOSED = "proposed"
    ANNOUNCED = "announced"
    WITHDRAWN = "withdrawn"


class ChangeAction(StrEnum):
    """What the operator does with it."""

    ANNOUNCE = "announcement"
    WITHDRAW = "withdrawal"


_S = ChangeStatus

TRANSITIONS = {
    ChangeAction.ANNOUNCE: Transition(frozenset({_S.PROPOSED}), _S.ANNOUNCED),
    ChangeAction.WITHDRAW: Transition(frozenset({_S.PROPOSED, _S.ANNOUNCED}), _S.WITHDRAWN),
}

CHANGE: StateMachine[ChangeStatus, ChangeAction] = StateMachine(
    Message("change of the columns"), TRANSITIONS, ChangeStateForbids
)
"""Raises `ChangeStateForbids` for an action that its status does not allow."""


class RevisionStatus(StrEnum):
    """Where a revision stands for its readers."""

    ANNOUNCED = "announced"
    CURRENT = "current"
    PURGED = "purged"
    RECALLED = "recalled"
    REPLACED = "replaced"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
