"""The states of an appeal against a suspension."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.participants.errors import AppealDecided


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
