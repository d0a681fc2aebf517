"""The life of a refund: each transition names the states it may come from."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.settlement.payments.errors import RefundStateForbids


class Rail(StrEnum):
    """How money came."""

    BANK = "bank"
    CARD = "card"


class RefundStatus(StrEnum):
    """Where a refund stands."""

    APPROVED = "approved"
    """By a second person: a transfer for the bank to make."""
    FAILED = "failed"
    REJECTED = "rejected"
    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    WITHDRAWN = "withdrawn"


class RefundAction(StrEnum):
    """What can happen to a refund."""

    APPROVE = "approval"
    COMPLETE = "completion"
    FAIL = "failure"
    REJECT = "rejection"
    WITHDRAW = "withdrawal"


_S = RefundStatus

OPEN = frozenset({_S.REQUESTED, _S.APPROVED})
"""Where the money has not gone back yet, and may."""

REFUND = StateMachine(
    Message("refund"),
    {
        RefundAction.APPROVE: Transition(frozenset({_S.REQUESTED}), _S.APPROVED),
        RefundAction.COMPLETE: Transition(OPEN, _S.SUCCEEDED),
        # By bank also once it has succeeded: the transfer came back, or was another one.
        RefundAction.FAIL: Transition(frozenset({_S.REQUESTED, _S.SUCCEEDED}), _S.FAILED),
        RefundAction.REJECT: Transition(frozenset({_S.REQUESTED}), _S.REJECTED),
        RefundAction.WITHDRAW: Transition(OPEN, _S.WITHDRAWN),
    },
    RefundStateForbids,
)
"""Every transition of a refund."""
