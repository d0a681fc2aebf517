"""The states of an appeal against a suspension, of a lost administrator's recovery, and of a lost factor's reset."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.participants.errors import AppealDecided, FactorResetStatusForbids, RecoveryStatusForbids


class AppealStatus(StrEnum):
    """Whether an appeal is decided, and how."""

    OPEN = "open"
    DISMISSED = "dismissed"
    UPHELD = "upheld"


class AppealDecision(StrEnum):
    """How an appeal is decided: upheld, the suspension is lifted; dismissed, it stays."""

    DISMISS = "dismiss"
    UPHOLD = "uphold"


TRANSITIONS = {
    AppealDecision.DISMISS: Transition(frozenset({AppealStatus.OPEN}), AppealStatus.DISMISSED),
    AppealDecision.UPHOLD: Transition(frozenset({AppealStatus.OPEN}), AppealStatus.UPHELD),
}

APPEAL = StateMachine(Message("appeal"), TRANSITIONS, AppealDecided)
"""The life of an appeal; raises `AppealDecided` where one is decided a second time."""


class RecoveryStatus(StrEnum):
    """How far the recovery of a lost administrator has come."""

    REQUESTED = "requested"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class RecoveryAction(StrEnum):
    """What can be done to a recovery."""

    APPROVE = "approval"
    CANCEL = "cancellation"
    COMPLETE = "completion"


_UNDER_WAY = frozenset({RecoveryStatus.REQUESTED, RecoveryStatus.APPROVED})

RECOVERY_TRANSITIONS = {
    RecoveryAction.APPROVE: Transition(frozenset({RecoveryStatus.REQUESTED}), RecoveryStatus.APPROVED),
    RecoveryAction.CANCEL: Transition(_UNDER_WAY, RecoveryStatus.CANCELLED),
    RecoveryAction.COMPLETE: Transition(frozenset({RecoveryStatus.APPROVED}), RecoveryStatus.COMPLETED),
}

RECOVERY = StateMachine(Message("recovery"), RECOVERY_TRANSITIONS, RecoveryStatusForbids)
"""The life of a recovery; raises `RecoveryStatusForbids` for what its status does not allow."""


class FactorResetStatus(StrEnum):
    """How far the reset of a lost second factor has come."""

    REQUESTED = "requested"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class FactorResetAction(StrEnum):
    """What can be done to a reset."""

    CANCEL = "cancellation"
    COMPLETE = "completion"


_REQUESTED = frozenset({FactorResetStatus.REQUESTED})

FACTOR_RESET_TRANSITIONS = {
    FactorResetAction.CANCEL: Transition(_REQUESTED, FactorResetStatus.CANCELLED),
    FactorResetAction.COMPLETE: Transition(_REQUESTED, FactorResetStatus.COMPLETED),
}

FACTOR_RESET = StateMachine(
    Message("reset of the second factor"), FACTOR_RESET_TRANSITIONS, FactorResetStatusForbids
)
"""The life of a reset; raises `FactorResetStatusForbids` for what its status does not allow."""
