"""The lives of a proposed grant and of what weighs on a right."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.rights.errors import EncumbranceStateForbids, GrantStateForbids


class GrantStatus(StrEnum):
    """Status of a proposed grant."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class GrantAction(StrEnum):
    """What can be done to a proposed grant."""

    ACCEPT = "acceptance"
    REJECT = "rejection"
    WITHDRAW = "withdrawal"


_PROPOSED = frozenset({GrantStatus.PROPOSED})

GRANT = StateMachine(
    Message("proposed grant"),
    {
        GrantAction.ACCEPT: Transition(_PROPOSED, GrantStatus.ACCEPTED),
        GrantAction.REJECT: Transition(_PROPOSED, GrantStatus.REJECTED),
        GrantAction.WITHDRAW: Transition(_PROPOSED, GrantStatus.WITHDRAWN),
    },
    GrantStateForbids,
)
"""The life of a proposed grant; raises `GrantStateForbids` for what its status does not allow."""


class EncumbranceStatus(StrEnum):
    """Status of what weighs on a right."""

    PENDING = "pending"
    IN_FORCE = "in_force"
    ENDED = "ended"


class EncumbranceAction(StrEnum):
    """What can be done to a dispute, a pledge or a freeze."""

    ADMIT = "admission"
    CONFIRM = "confirmation"
    DISMISS = "dismissal"
    LIFT = "lifting"
    RELEASE = "release"
    UPHOLD = "upholding"
    WITHDRAW = "withdrawal"


class EncumbranceOutcome(StrEnum):
    """How it ended."""

    DISMISSED = "dismissed"
    LIFTED = "lifted"
    RELEASED = "released"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"


_S, _A = EncumbranceStatus, EncumbranceAction
_PENDING, _IN_FORCE = frozenset({_S.PENDING}), frozenset({_S.IN_FORCE})
_OPEN = _PENDING | _IN_FORCE

ENCUMBRANCE = StateMachine(
    Message("encumbrance"),
    {
        _A.ADMIT: Transition(_PENDING, _S.IN_FORCE),
        _A.CONFIRM: Transition(_PENDING, _S.IN_FORCE),
        _A.DISMISS: Transition(_OPEN, _S.ENDED),
        _A.LIFT: Transition(_IN_FORCE, _S.ENDED),
        _A.RELEASE: Transition(_OPEN, _S.ENDED),
        _A.UPHOLD: Transition(_IN_FORCE, _S.ENDED),
        _A.WITHDRAW: Transition(_OPEN, _S.ENDED),
    },
    EncumbranceStateForbids,
)
"""The life of what weighs on a right; raises `EncumbranceStateForbids` for what its status does not allow."""

OUTCOMES = {
    _A.DISMISS: EncumbranceOutcome.DISMISSED,
    _A.LIFT: EncumbranceOutcome.LIFTED,
    _A.RELEASE: EncumbranceOutcome.RELEASED,
    _A.UPHOLD: EncumbranceOutcome.UPHELD,
    _A.WITHDRAW: EncumbranceOutcome.WITHDRAWN,
}
"""How an encumbrance ends by the actions that end it."""
