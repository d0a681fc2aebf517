"""The life of an agreement: one table says what may follow what.

The states are those of a contract negotiation in the Dataspace Protocol 2025-1, so that it can be spoken on the
wire: the buyer requests, the operator agrees (signs), the buyer verifies (signs too), which finalises it.
"""

from enum import StrEnum

from contracts.agreements.errors import AgreementStateForbids
from infra.messages import Message
from infra.states import StateMachine, Transition


class AgreementStatus(StrEnum):
    """Status of an agreement."""

    REQUESTED = "requested"
    AGREED = "agreed"
    FINALIZED = "finalized"
    TERMINATED = "terminated"


class AgreementAction(StrEnum):
    """What can be done to an agreement."""

    AGREE = "the operator's signature"
    VERIFY = "the buyer's signature"
    TERMINATE = "termination"


_S = AgreementStatus

TRANSITIONS = {
    AgreementAction.AGREE: Transition(frozenset({_S.REQUESTED}), _S.AGREED),
    AgreementAction.VERIFY: Transition(frozenset({_S.AGREED}), _S.FINALIZED),
    AgreementAction.TERMINATE: Transition(frozenset({_S.REQUESTED, _S.AGREED, _S.FINALIZED}), _S.TERMINATED),
}


_MACHINE = StateMachine(Message("agreement"), TRANSITIONS, AgreementStateForbids)


def next_state(status: AgreementStatus, action: AgreementAction) -> AgreementStatus:
    """The state that the action leads to.

    :raises AgreementStateForbids: the action cannot come from the present state.
    """
    if action is AgreementAction.TERMINATE:
        return _MACHINE.next_state(status, action, remedy=Message("Nothing is left to end."))
    return _MACHINE.next_state(status, action, remedy=Message("The operator signs first, then the buyer."))
