"""The life of an authorisation: one table says what may follow what."""

from datetime import datetime
from enum import StrEnum

from infra.errors import Conflict
from infra.messages import Message
from infra.states import StateMachine, Transition


class AuthorisationStatus(StrEnum):
    """Where an authorisation stands. Expiry is no status: it follows from the term."""

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


class AuthorisationStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "authorisation-state"
    title = Message("The state of the authorisation does not allow that")


class AuthorisationNotLive(Conflict):
    """The authorisation does not carry anything at present."""

    slug = "authorisation-not-live"
    title = Message("The authorisation is not in force")


next_state = StateMachine(Message("authorisation"), TRANSITIONS, AuthorisationStateForbids).next_state
"""The state that an action leads to; raises `AuthorisationStateForbids` when it may not come from the present one."""


def require_live(
    status: AuthorisationStatus, valid_from: datetime, valid_until: datetime, *, now: datetime, stopped: bool
) -> None:
    """Refuse to build on an authorisation that is not in force at `now` (term half-open).

    :param stopped: a stop is in force on it or on anything above it.
    :raises AuthorisationNotLive: says why.
    """
    if status is not AuthorisationStatus.ACTIVE:
        raise AuthorisationNotLive(
            Message("The authorisation is {status}.", status=status), status=status.value
        )
    if stopped:
        raise AuthorisationNotLive(Message("The authorisation, or something it rests on, has been stopped."))
    if now < valid_from:
        raise AuthorisationNotLive(
            Message("The authorisation begins at {valid_from}.", valid_from=valid_from.isoformat())
        )
    if now >= valid_until:
        raise AuthorisationNotLive(
            Message("The authorisation ended at {valid_until}.", valid_until=valid_until.isoformat())
        )
