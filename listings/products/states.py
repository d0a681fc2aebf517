"""The life of a data product: one table says what may follow what."""

from enum import StrEnum

from infra.errors import Conflict
from infra.messages import Message
from infra.states import StateMachine, Transition


class ProductStatus(StrEnum):
    """Where a product stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class ProductAction(StrEnum):
    """What can be done to a product."""

    SUBMIT = "submission"
    APPROVE = "approval"
    RETURN = "return"
    SUSPEND = "suspension"
    REINSTATE = "reinstatement"
    WITHDRAW = "withdrawal"


_S = ProductStatus

TRANSITIONS = {
    ProductAction.SUBMIT: Transition(frozenset({_S.DRAFT}), _S.SUBMITTED),
    ProductAction.APPROVE: Transition(frozenset({_S.SUBMITTED}), _S.PUBLISHED),
    ProductAction.RETURN: Transition(frozenset({_S.SUBMITTED}), _S.DRAFT),
    ProductAction.SUSPEND: Transition(frozenset({_S.PUBLISHED, _S.SUSPENDED}), _S.SUSPENDED),
    ProductAction.REINSTATE: Transition(frozenset({_S.SUSPENDED}), _S.PUBLISHED),
    ProductAction.WITHDRAW: Transition(
        frozenset({_S.DRAFT, _S.SUBMITTED, _S.PUBLISHED, _S.SUSPENDED}), _S.WITHDRAWN
    ),
}


class ProductStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "product-state"
    title = Message("The state of the product does not allow that")


next_state = StateMachine(Message("product"), TRANSITIONS, ProductStateForbids).next_state
"""The state that an action leads to; raises `ProductStateForbids` when it may not come from the present one."""


def require_draft(status: ProductStatus) -> None:
    """Refuse to edit what a reviewer has seen.

    :raises ProductStateForbids: the product is no draft.
    """
    if status is not ProductStatus.DRAFT:
        raise ProductStateForbids(
            Message(
                "The product is {status}; its dictionary and price plan can be set only while it is draft.",
                status=status,
            ),
            remedy=Message(
                "While it is submitted, ask the reviewer to return it; later, list a new product."
            ),
            status=status.value,
        )


def require_uploadable(status: ProductStatus) -> None:
    """Refuse new data for a product under review or withdrawn: a review sees what will be published.

    :raises ProductStateForbids: the product is submitted or withdrawn.
    """
    if status in (ProductStatus.SUBMITTED, ProductStatus.WITHDRAWN):
        raise ProductStateForbids(
            Message("The product is {status} and takes no new revision.", status=status), status=status.value
        )
