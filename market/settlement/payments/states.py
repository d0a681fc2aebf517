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

    FAILED = "failed"
    REQUESTED = "requested"
    SUCCEEDED = "succeeded"


class RefundAction(StrEnum):
    """What can happen to a refund."""

    COMPLETE = "completion"
    FAIL = "failure"


_S = RefundStatus

REFUND = StateMachine(
    Message("refund"),
    {
        RefundAction.COMPLETE: Transition(frozenset({_S.REQUESTED}), _S.SUCCEEDED),
        RefundAction.FAIL: Transition(frozenset({_S.REQUESTED}), _S.FAILED),
    },
    RefundStateForbids,
)
"""Every transition of a refund."""
