"""The life of an edition: one table says what may follow what."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.editions.errors import EditionStateForbids


class EditionStatus(StrEnum):
    """Status of an edition."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class EditionAction(StrEnum):
    """What can be done to an edition."""

    SUBMIT = "submission"
    APPROVE = "approval"
    RETURN = "return"
    REFUSE = "refusal"
    WITHDRAW = "withdrawal"
    SUPERSEDE = "replacement"


class ReviewDecision(StrEnum):
    """What a reviewer decided about an edition."""

    APPROVED = "approved"
    RETURNED = "returned"
    REFUSED = "refused"


_S = EditionStatus

OPEN = (_S.DRAFT, _S.SUBMITTED)
"""Statuses of an edition that is not decided yet; a product has at most one such."""

PUBLISHED = (_S.IN_FORCE, _S.SUPERSEDED)
"""Statuses of an edition that took effect: these are numbered, and everybody can read them."""

EDITION: StateMachine[EditionStatus, EditionAction] = StateMachine(
    Message("edition"),
    {
        EditionAction.SUBMIT: Transition(frozenset({_S.DRAFT}), _S.SUBMITTED),
        EditionAction.APPROVE: Transition(frozenset({_S.SUBMITTED}), _S.IN_FORCE),
        EditionAction.RETURN: Transition(frozenset({_S.SUBMITTED}), _S.DRAFT),
        EditionAction.REFUSE: Transition(frozenset({_S.SUBMITTED}), _S.REFUSED),
        EditionAction.WITHDRAW: Transition(frozenset(OPEN), _S.WITHDRAWN),
        EditionAction.SUPERSEDE: Transition(frozenset({_S.IN_FORCE}), _S.SUPERSEDED),
    },
    EditionStateForbids,
)
"""The life of an edition; raises `EditionStateForbids` for an action that its status does not allow."""


def require_draft(status: EditionStatus) -> None:
    """Refuse to edit what a reviewer reads, or what took effect.

    :raises EditionStateForbids: the edition is no draft.
    """
    if status is not EditionStatus.DRAFT:
        raise EditionStateForbids(
            Message("The edition is {status}; only a draft can be changed.", status=status),
            remedy=Message(
                "While it is submitted, ask the reviewer to return it, or withdraw it; later, begin another one with"
                " POST /v1/products/{product_id}/editions."
            ),
            current_status=status.value,
        )
