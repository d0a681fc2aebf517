"""The states of an authorisation, and which action leads from which to which."""

from datetime import datetime
from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.authorisations.errors import AuthorisationNotLive, AuthorisationStateForbids


class AuthorisationStatus(StrEnum):
    """Status of an authorisation. Expiry is no status: it follows from the term."""

    OFFERED = "offered"
    ACTIVE = "active"
    DECLINED = "declined"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class AuthorisationAction(StrEnum):
    """What can be done to an authorisation."""

    ACCEPT = "acceptance"
    DECLINE = "refusal"
    SUSPEND = "suspension"
    REINSTATE = "reinstatement"
    REVOKE = "revocation"


_S = AuthorisationStatus

TRANSITIONS = {
    AuthorisationAction.ACCEPT: Transition(frozenset({_S.OFFERED}), _S.ACTIVE),
    AuthorisationAction.DECLINE: Transition(frozenset({_S.OFFERED}), _S.DECLINED),
    AuthorisationAction.SUSPEND: Transition(frozenset({_S.ACTIVE, _S.SUSPENDED}), _S.SUSPENDED),
    AuthorisationAction.REINSTATE: Transition(frozenset({_S.SUSPENDED}), _S.ACTIVE),
    AuthorisationAction.REVOKE: Transition(frozenset({_S.OFFERED, _S.ACTIVE, _S.SUSPENDED}), _S.REVOKED),
}


AUTHORISATION = StateMachine(Message("authorisation"), TRANSITIONS, AuthorisationStateForbids)
"""The life of an authorisation; raises `AuthorisationStateForbids` for an action that its status does not allow."""


def require_live(
    status: AuthorisationStatus, valid_from: datetime, valid_until: datetime, *, now: datetime, stopped: bool
) -> None:
    """Refuse to build on an authorisation that is not in force at `now` (term half-open).

    :param stopped: a stop is in force on it or on anything above it.
    :raises AuthorisationNotLive: says why.
    """
    if status is not AuthorisationStatus.ACTIVE:
        raise AuthorisationNotLive(
            Message("The authorisation is {status}.", status=status),
            remedy=Message(
                "It must be active: accepted by the operator and not suspended, declined or revoked."
            ),
            current_status=status.value,
        )
    if stopped:
        raise AuthorisationNotLive(
            Message("The authorisation, or something it rests on, has been stopped."),
            remedy=Message("Ask again when the stop has been lifted."),
        )
    if now < valid_from:
        raise AuthorisationNotLive(
            Message("The authorisation begins at {valid_from}.", valid_from=valid_from.isoformat()),
            remedy=Message("Ask again then."),
        )
    if now >= valid_until:
        raise AuthorisationNotLive(
            Message("The authorisation ended at {valid_until}.", valid_until=valid_until.isoformat()),
            remedy=Message("Have the owner offer a new one."),
        )
