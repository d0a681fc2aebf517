"""The states of an authorisation, and which action leads from which to which.

Suspension is no state of it: an authorisation is suspended while a stop on it is active, whatever its status.
"""

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
    REVOKED = "revoked"


class AuthorisationAction(StrEnum):
    """What can be done to an authorisation."""

    ACCEPT = "acceptance"
    DECLINE = "refusal"
    REVOKE = "revocation"


_S = AuthorisationStatus

TRANSITIONS = {
    AuthorisationAction.ACCEPT: Transition(frozenset({_S.OFFERED}), _S.ACTIVE),
    AuthorisationAction.DECLINE: Transition(frozenset({_S.OFFERED}), _S.DECLINED),
    AuthorisationAction.REVOKE: Transition(frozenset({_S.OFFERED, _S.ACTIVE}), _S.REVOKED),
}


AUTHORISATION = StateMachine(Message("authorisation"), TRANSITIONS, AuthorisationStateForbids)
"""The life of an authorisation; raises `AuthorisationStateForbids` for an action that its status does not allow."""


def require_suspendable(status: AuthorisationStatus) -> None:
    """Refuse to suspend what nothing rests on: an offer, or an authorisation that has ended for good.

    :raises AuthorisationStateForbids: the authorisation is not active.
    """
    if status is not AuthorisationStatus.ACTIVE:
        raise AuthorisationStateForbids(
            Message(
                "The authorisation is {status}; nothing rests on it that could be stopped.", status=status
            ),
            remedy=Message("An offer is withdrawn by its owner with a revocation."),
            current_status=status.value,
        )


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
            remedy=Message("It must be active: accepted by the operator and not declined or revoked."),
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
