"""The life of a product."""

from itertools import product

import pytest

from listings.products.errors import ProductStateForbids
from listings.products.states import (
    PRODUCT,
    TRANSITIONS,
    ProductAction,
    ProductStatus,
    require_draft,
    require_suspendable,
    require_uploadable,
)

S = ProductStatus
A = ProductAction


@pytest.mark.parametrize(("status", "action"), list(product(S, A)))
def test_only_named_transitions_are_possible(status: S, action: A) -> None:
    if status in TRANSITIONS[action].sources:
        assert PRODUCT.next_state(status, action) is TRANSITIONS[action].target
    else:
        with pytest.raises(ProductStateForbids, match=str(status)):
            PRODUCT.next_state(status, action)


def test_publication_comes_only_from_review() -> None:
    ways = {action for action, transition in TRANSITIONS.items() if transition.target is S.PUBLISHED}
    # Or back from a delisting, which a regulator decides as well.
    assert ways == {A.APPROVE, A.RELIST}
    assert TRANSITIONS[A.APPROVE].sources == {S.SUBMITTED}
    assert TRANSITIONS[A.RELIST].sources == {S.WITHDRAWN}


@pytest.mark.parametrize("status", sorted(S))
def test_what_a_reviewer_saw_is_not_edited(status: S) -> None:
    if status is S.DRAFT:
        require_draft(status)
    else:
        with pytest.raises(ProductStateForbids):
            require_draft(status)


@pytest.mark.parametrize("status", sorted(S))
def test_what_may_have_licences_can_be_suspended(status: S) -> None:
    if status in (S.PUBLISHED, S.WITHDRAWN):
        require_suspendable(status)
    else:
        with pytest.raises(ProductStateForbids):
            require_suspendable(status)


@pytest.mark.parametrize("status", sorted(S))
def test_data_is_taken_before_review_and_after_publication(status: S) -> None:
    if status in (S.SUBMITTED, S.WITHDRAWN):
        with pytest.raises(ProductStateForbids):
            require_uploadable(status)
    else:
        require_uploadable(status)
