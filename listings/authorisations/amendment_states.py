"""The states of an amendment, and which action leads from which to which."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.authorisations.errors import AmendmentStateForbids


class AmendmentStatus(StrEnum):
    """Status of an amendment; ``LAPSED`` was not signed by all sides in time."""

    PROPOSED = "proposed"
    EFFECTIVE = "effective"
    DECLINED = "declined"
    LAPSED = "lapsed"


class AmendmentAction(StrEnum):
    """What can be done to an amendment. The last signature brings it into effect; one before it changes no status."""

    SIGN = "signature"
    DECLINE = "refusal"
    LAPSE = "lapse"


_S = AmendmentStatus

TRANSITIONS = {
    AmendmentAction.SIGN: Transition(frozenset({_S.PROPOSED}), _S.EFFECTIVE),
    AmendmentAction.DECLINE: Transition(frozenset({_S.PROPOSED}), _S.DECLINED),
    AmendmentAction.LAPSE: Transition(frozenset({_S.PROPOSED}), _S.LAPSED),
}

AMENDMENT = StateMachine(Message("amendment"), TRANSITIONS, AmendmentStateForbids)
"""The life of an amendment; raises `AmendmentStateForbids` for an action that its status does not allow."""
