"""The states of an authorisation, and which action leads from which to which.

Suspension is no state of it: an authorisation is suspended while a stop on it is active, whatever its status.
"""

from datetime import datetime
from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.authorisations.errors import AuthorisationNotLive, AuthorisationStateForbids


class AuthorisationStatus(StrEnum):
    """Status of an authorisation. Expiry is no status: it follows from the term.

    ``OFFERED`` waits for the source agencies, ``CONSENTED`` for the authorising body, ``GRANTED`` for the operator.
    ``LAPSED`` was not answered in time.
    """

    OFFERED = "offered"
    CONSENTED = "consented"
    GRANTED = "granted"
    ACTIVE = "active"
    DECLINED = "declined"
    LAPSED = "lapsed"
    REVOKED = "revoked"


class AuthorisationAction(StrEnum):
    """What can be done to an authorisation."""

    ACCEPT = "acceptance"
    CONSENT = "consent"
    DECLINE = "refusal"
    GRANT = "grant"
    LAPSE = "lapse"
    REVOKE = "revocation"


_S = AuthorisationStatus

ON_OFFER = frozenset({_S.OFFERED, _S.CONSENTED, _S.GRANTED})
"""Not signed by all sides yet."""

TRANSITIONS = {
    # The last of the source agencies' consents; one before it changes nothing.
    AuthorisationAction.CONSENT: Transition(frozenset({_S.OFFERED}), _S.CONSENTED),
    AuthorisationAction.GRANT: Transition(frozenset({_S.CONSENTED}), _S.GRANTED),
    AuthorisationAction.ACCEPT: Transition(frozenset({_S.GRANTED}), _S.ACTIVE),
    AuthorisationAction.DECLINE: Transition(ON_OFFER, _S.DECLINED),
    AuthorisationAction.LAPSE: Transition(ON_OFFER, _S.LAPSED),
    AuthorisationAction.REVOKE: Transition(ON_OFFER | {_S.ACTIVE}, _S.REVOKED),
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
            remedy=Message("An offer is withdrawn with a revocation by whoever made it."),
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
            remedy=Message(
                "It must be active: consented to by every source agency, granted by the authorising body and accepted"
                " by the operator."
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
            remedy=Message("Have the owner or the authorising body offer a new one."),
        )


def require_in_time(answer_by: datetime | None, *, now: datetime) -> None:
    """Refuse to sign an offer that nobody answered in time.

    :raises AuthorisationStateForbids: its time is over.
    """
    if answer_by is not None and now >= answer_by:
        raise AuthorisationStateForbids(
            Message("The offer lapsed at {answer_by}: not all sides had signed it.", answer_by=answer_by.isoformat()),
            remedy=Message("Have the owner or the authorising body offer it anew."),
            answer_by=answer_by.isoformat(),
        )  # fmt: skip
