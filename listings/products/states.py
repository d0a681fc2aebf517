"""The life of a data product: one table says what may follow what.

Suspension is no state of it: a product is suspended while a stop on it is active, whatever its status.
"""

from collections.abc import Sequence
from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.products.errors import ProductStateForbids

CLASS_STOP = "product_class"
"""Kind of the stops on products whose class does not allow their offer."""


class ProductStatus(StrEnum):
    """Status of a product."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class ProductAction(StrEnum):
    """What can be done to a product."""

    SUBMIT = "submission"
    APPROVE = "approval"
    RETURN = "return"
    WITHDRAW = "withdrawal"
    RELIST = "relisting"


_S = ProductStatus

TRANSITIONS = {
    ProductAction.SUBMIT: Transition(frozenset({_S.DRAFT}), _S.SUBMITTED),
    ProductAction.APPROVE: Transition(frozenset({_S.SUBMITTED}), _S.PUBLISHED),
    ProductAction.RETURN: Transition(frozenset({_S.SUBMITTED}), _S.DRAFT),
    ProductAction.WITHDRAW: Transition(frozenset({_S.DRAFT, _S.SUBMITTED, _S.PUBLISHED}), _S.WITHDRAWN),
    # Of a product that was delisted, by a regulator's decision: see `listings.enforcement`.
    ProductAction.RELIST: Transition(frozenset({_S.WITHDRAWN}), _S.PUBLISHED),
}


PRODUCT = StateMachine(Message("product"), TRANSITIONS, ProductStateForbids)
"""The life of a product; raises `ProductStateForbids` for an action that its status does not allow."""


def require_draft(status: ProductStatus) -> None:
    """Refuse to edit what a reviewer has seen.

    :raises ProductStateForbids: the product is no draft.
    """
    if status is not ProductStatus.DRAFT:
        raise ProductStateForbids(
            Message(
                "The product is {status}; its text, dictionary and price plan can be changed only in a draft.",
                status=status,
            ),
            remedy=Message(
                "While it is submitted, ask the reviewer to return it; a published one is changed by an edition:"
                " POST /v1/products/{product_id}/editions; in place of a withdrawn one, list a new product."
            ),
            current_status=status.value,
        )


def require_suspendable(status: ProductStatus) -> None:
    """Refuse to suspend what was never on the market; a withdrawn product still has licences that run on.

    :raises ProductStateForbids: the product is a draft or under review.
    """
    if status not in (ProductStatus.PUBLISHED, ProductStatus.WITHDRAWN):
        raise ProductStateForbids(
            Message("The product is {status} and not on the market.", status=status),
            remedy=Message("While it is submitted, return it to its operator instead."),
            current_status=status.value,
        )


def require_liftable(stops: Sequence[tuple[str, str]]) -> None:
    """Refuse to lift by hand what the class of the data stops.

    :param stops: kind and reason of each active stop on the product.
    :raises ProductStateForbids: there is no other.
    """
    if stops and all(kind == CLASS_STOP for kind, _ in stops):
        raise ProductStateForbids(
            Message("The class of its data stops the product: {reason}", reason=stops[0][1]),
            remedy=Message(
                "Change what the reason says, by a re-grading, an assessment or other data, and have it looked at anew:"
                " POST /v1/products/{product_id}/classification-recheck."
            ),
        )


def require_uploadable(status: ProductStatus) -> None:
    """Refuse new data for a product under review or withdrawn: a review sees what will be published.

    :raises ProductStateForbids: the product is submitted or withdrawn.
    """
    if status in (ProductStatus.SUBMITTED, ProductStatus.WITHDRAWN):
        raise ProductStateForbids(
            Message("The product is {status} and takes no new revision.", status=status),
            remedy=Message("Wait for the review to end; for a withdrawn product, list a new one."),
            current_status=status.value,
        )
