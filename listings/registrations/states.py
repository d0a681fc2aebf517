"""The life of an application for a registration, and of an objection: one table each says what may follow what."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.registrations.errors import ApplicationStateForbids, ObjectionStateForbids


class ApplicationStatus(StrEnum):
    """Status of an application; 申请、受理、公示、异议中、退回、不予登记、撤回、已登记."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    ANNOUNCED = "announced"
    CONTESTED = "contested"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"


class ApplicationAction(StrEnum):
    """What can be done with an application."""

    ACCEPT = "acceptance"
    ANNOUNCE = "approval"
    CONTEST = "objection"
    RESUME = "resumption"
    RETURN = "return"
    REFUSE = "refusal"
    RESUBMIT = "resubmission"
    WITHDRAW = "withdrawal"
    COMPLETE = "completion"


class ObjectionStatus(StrEnum):
    """Status of an objection. ``moot``: the application ended or was returned for another reason."""

    OPEN = "open"
    DISMISSED = "dismissed"
    UPHELD = "upheld"
    MOOT = "moot"


class ObjectionDecision(StrEnum):
    """How the registration office answers an objection."""

    DISMISSED = "dismissed"
    UPHELD = "upheld"


class ObjectionAction(StrEnum):
    """How an objection is closed."""

    DISMISS = "dismissal"
    UPHOLD = "upholding"
    CLOSE = "closure"


_S = ApplicationStatus

APPLICATION = StateMachine(
    Message("application"),
    {
        ApplicationAction.ACCEPT: Transition(frozenset({_S.SUBMITTED}), _S.ACCEPTED),
        ApplicationAction.ANNOUNCE: Transition(frozenset({_S.ACCEPTED}), _S.ANNOUNCED),
        ApplicationAction.CONTEST: Transition(frozenset({_S.ANNOUNCED, _S.CONTESTED}), _S.CONTESTED),
        ApplicationAction.RESUME: Transition(frozenset({_S.CONTESTED}), _S.ANNOUNCED),
        ApplicationAction.RETURN: Transition(
            frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.ANNOUNCED, _S.CONTESTED}), _S.RETURNED
        ),
        ApplicationAction.REFUSE: Transition(
            frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.ANNOUNCED, _S.CONTESTED}), _S.REFUSED
        ),
        ApplicationAction.RESUBMIT: Transition(frozenset({_S.RETURNED}), _S.SUBMITTED),
        ApplicationAction.WITHDRAW: Transition(
            frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.ANNOUNCED, _S.CONTESTED, _S.RETURNED}), _S.WITHDRAWN
        ),
        ApplicationAction.COMPLETE: Transition(frozenset({_S.ANNOUNCED}), _S.COMPLETED),
    },
    ApplicationStateForbids,
)
"""The life of an application; raises `ApplicationStateForbids` for an action that its status does not allow."""

OBJECTION = StateMachine(
    Message("objection"),
    {
        ObjectionAction.DISMISS: Transition(frozenset({ObjectionStatus.OPEN}), ObjectionStatus.DISMISSED),
        ObjectionAction.UPHOLD: Transition(frozenset({ObjectionStatus.OPEN}), ObjectionStatus.UPHELD),
        ObjectionAction.CLOSE: Transition(frozenset({ObjectionStatus.OPEN}), ObjectionStatus.MOOT),
    },
    ObjectionStateForbids,
)
"""The life of an objection."""

OPEN = (_S.SUBMITTED, _S.ACCEPTED, _S.ANNOUNCED, _S.CONTESTED, _S.RETURNED)
"""Statuses of an application that is not decided for good; a resource has one such application at most."""

ON_NOTICE = (_S.ANNOUNCED, _S.CONTESTED)
"""Statuses in which the public sees what is applied for."""
