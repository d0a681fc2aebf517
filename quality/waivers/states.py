"""The life of a request for a waiver, and how a waiver stands. Pure."""

from datetime import datetime
from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from quality.waivers.errors import WaiverStateForbids


class WaiverStatus(StrEnum):
    """How a waiver stands: by the clock, and by whether somebody revoked it."""

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    REVOKED = "revoked"


class WaiverRequestStatus(StrEnum):
    """Status of a request for a waiver."""

    WAITING = "waiting"
    GRANTED = "granted"
    DECLINED = "declined"
    SUPERSEDED = "superseded"


class WaiverRequestAction(StrEnum):
    """What becomes of a request: by a reviewer, or since another report has taken the place of the one it is about."""

    GRANT = "grant"
    DECLINE = "refusal"
    SUPERSEDE = "replacement"


_S = WaiverRequestStatus

REQUEST = StateMachine(
    Message("request for a waiver"),
    {
        WaiverRequestAction.GRANT: Transition(frozenset({_S.WAITING}), _S.GRANTED),
        WaiverRequestAction.DECLINE: Transition(frozenset({_S.WAITING}), _S.DECLINED),
        WaiverRequestAction.SUPERSEDE: Transition(frozenset({_S.WAITING}), _S.SUPERSEDED),
    },
    WaiverStateForbids,
)
"""Raises `WaiverStateForbids` for an action that its status does not allow."""


def waiver_status(expires_at: datetime, revoked_at: datetime | None, moment: datetime) -> WaiverStatus:
    """How a waiver stands at a moment; it is in force until the instant it expires at, without that."""
    if revoked_at is not None:
        return WaiverStatus.REVOKED
    return WaiverStatus.IN_FORCE if moment < expires_at else WaiverStatus.EXPIRED
