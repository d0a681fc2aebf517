"""The life of a card payment: each transition names the states it may come from."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.settlement.rails.cards.errors import CardPaymentStateForbids


class CardPaymentStatus(StrEnum):
    """Where an attempt to pay stands."""

    FAILED = "failed"
    REQUESTED = "requested"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"


class CardPaymentAction(StrEnum):
    """What can happen to an attempt to pay."""

    FAIL = "failure"
    REQUIRE_ACTION = "confirmation by the payer"
    SUCCEED = "success"


_S = CardPaymentStatus

OPEN = frozenset({_S.REQUESTED, _S.REQUIRES_ACTION})
"""Where the processor has not decided yet."""

CARD_PAYMENT = StateMachine(
    Message("card payment"),
    {
        CardPaymentAction.FAIL: Transition(OPEN, _S.FAILED),
        CardPaymentAction.REQUIRE_ACTION: Transition(frozenset({_S.REQUESTED}), _S.REQUIRES_ACTION),
        CardPaymentAction.SUCCEED: Transition(OPEN, _S.SUCCEEDED),
    },
    CardPaymentStateForbids,
)
"""Every transition of a card payment."""
