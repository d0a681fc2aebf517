"""The steps of a procedure against a product: warning, cure period, suspension, delisting, and the ways back. Pure.

No step is left out, and every state has a way out: by data that passes, by a regulator's decision, or both.
"""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.enforcement.errors import EnforcementStateForbids


class EnforcementStatus(StrEnum):
    """Where a procedure stands."""

    WARNED = "warned"
    CURE_PERIOD = "cure_period"
    SUSPENDED = "suspended"
    DELISTED = "delisted"
    CURED = "cured"
    TERMINATED = "terminated"


class EnforcementAction(StrEnum):
    """What happens to a procedure."""

    WARN = "warning"
    SET_CURE_PERIOD = "cure_order"
    SUSPEND = "suspension"
    DELIST = "delisting"
    RELIST = "relisting"
    CURE = "cure"
    TERMINATE = "termination"
    EXTEND = "extension"
    REQUEST_RELISTING = "relisting_request"
    HOLD = "hold"


class EnforcementGround(StrEnum):
    """Why a procedure was opened."""

    FAILED_REVISIONS = "failed_revisions"
    LATE_DATA = "late_data"
    UNAVAILABLE = "unavailable"


_S = EnforcementStatus

OPEN = frozenset({_S.WARNED, _S.CURE_PERIOD, _S.SUSPENDED, _S.DELISTED})
"""A product has at most one procedure in one of these."""

STOPPED = frozenset({_S.SUSPENDED, _S.DELISTED})
"""In these the product is stopped by the procedure."""

TRANSITIONS = {
    EnforcementAction.SET_CURE_PERIOD: Transition(frozenset({_S.WARNED}), _S.CURE_PERIOD),
    EnforcementAction.SUSPEND: Transition(frozenset({_S.CURE_PERIOD}), _S.SUSPENDED),
    EnforcementAction.DELIST: Transition(frozenset({_S.SUSPENDED}), _S.DELISTED),
    # Back to the market, but not yet to its buyers: other data can be uploaded, and ends the suspension.
    EnforcementAction.RELIST: Transition(frozenset({_S.DELISTED}), _S.SUSPENDED),
    EnforcementAction.CURE: Transition(frozenset({_S.WARNED, _S.CURE_PERIOD, _S.SUSPENDED}), _S.CURED),
    EnforcementAction.TERMINATE: Transition(OPEN, _S.TERMINATED),
}

PROCEDURE: StateMachine[EnforcementStatus, EnforcementAction] = StateMachine(
    Message("procedure"), TRANSITIONS, EnforcementStateForbids
)
"""Raises `EnforcementStateForbids` for an action that its status does not allow."""

NEXT_STEP = {
    _S.WARNED: EnforcementAction.SET_CURE_PERIOD,
    _S.CURE_PERIOD: EnforcementAction.SUSPEND,
    _S.SUSPENDED: EnforcementAction.DELIST,
}
"""What the clock brings when a deadline has passed without a cure."""
