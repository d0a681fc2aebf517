"""The life of a data product: one table says what may follow what."""

from enum import StrEnum

from infra.errors import Conflict
from infra.states import Life, Transition


class ProductState(StrEnum):
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


_S = ProductState

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
    title = "The state of the product does not allow that"


after = Life("product", TRANSITIONS, ProductStateForbids).after
"""The state that an action leads to; raises `ProductStateForbids` when it may not come from the present one."""


def require_draft(state: ProductState) -> None:
    """Refuse to edit what a reviewer has seen.

    :raises ProductStateForbids: the product is no draft.
    """
    if state is not ProductState.DRAFT:
        raise ProductStateForbids(
            f"The product is {state}; its dictionary and price plan can be set only while it is draft.",
            remedy="While it is submitted, ask the reviewer to return it; later, list a new product.",
            state=state.value,
        )


def require_uploadable(state: ProductState) -> None:
    """Refuse new data for a product under review or withdrawn: a review sees what will be published.

    :raises ProductStateForbids: the product is submitted or withdrawn.
    """
    if state in (ProductState.SUBMITTED, ProductState.WITHDRAWN):
        raise ProductStateForbids(f"The product is {state} and takes no new revision.", state=state.value)
