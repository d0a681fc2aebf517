"""How far an organisation's identity has been established, and what leads from one status to another."""

from enum import StrEnum

from infra.identity.errors import StatusForbids
from infra.messages import Message
from infra.organisation_status import OrganisationStatus
from infra.states import StateMachine, Transition


class InvitationDelivery(StrEnum):
    """How an invitation's token reached the invited address, or did not yet."""

    PENDING = "pending"
    HANDED_OVER = "handed_over"
    MAILED = "mailed"
    UNDELIVERABLE = "undeliverable"


class OrganisationAction(StrEnum):
    """What changes an organisation's status. Reinstatement leads back to where verification had come."""

    REINSTATE = "reinstate"
    REINSTATE_AS_VERIFIED = "reinstate_as_verified"
    REJECT = "reject"
    SUSPEND = "suspend"
    VERIFY = "verify"


S, A = OrganisationStatus, OrganisationAction

TRANSITIONS = {
    A.REINSTATE: Transition(frozenset({S.SUSPENDED}), S.REGISTERED),
    A.REINSTATE_AS_VERIFIED: Transition(frozenset({S.SUSPENDED}), S.VERIFIED),
    A.REJECT: Transition(frozenset({S.REGISTERED}), S.REJECTED),
    A.SUSPEND: Transition(frozenset({S.REGISTERED, S.REJECTED, S.VERIFIED}), S.SUSPENDED),
    A.VERIFY: Transition(frozenset({S.REGISTERED, S.REJECTED}), S.VERIFIED),
}
"""Verification is never undone but by suspension."""

next_state = StateMachine(Message("organisation"), TRANSITIONS, StatusForbids).next_state
