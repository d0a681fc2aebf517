"""The life of a product."""

from itertools import product

import pytest

from listings.products.states import (
    TRANSITIONS,
    ProductAction,
    ProductState,
    ProductStateForbids,
    after,
    require_draft,
    require_uploadable,
)

S = ProductState
A = ProductAction


@pytest.mark.parametrize(("state", "action"), list(product(S, A)))
def test_only_named_transitions_are_possible(state: S, action: A) -> None:
    if state in TRANSITIONS[action].sources:
        assert after(state, action) is TRANSITIONS[action].target
    else:
        with pytest.raises(ProductStateForbids, match=str(state)):
            after(state, action)


def test_publication_comes_only_from_review_or_reinstatement() -> None:
    ways = {action for action, transition in TRANSITIONS.items() if transition.target is S.PUBLISHED}
    assert ways == {A.APPROVE, A.REINSTATE}
    assert TRANSITIONS[A.APPROVE].sources == {S.SUBMITTED}


@pytest.mark.parametrize("state", sorted(S))
def test_what_a_reviewer_saw_is_not_edited(state: S) -> None:
    if state is S.DRAFT:
        require_draft(state)
    else:
        with pytest.raises(ProductStateForbids):
            require_draft(state)


@pytest.mark.parametrize("state", sorted(S))
def test_data_is_taken_before_review_and_after_publication(state: S) -> None:
    if state in (S.SUBMITTED, S.WITHDRAWN):
        with pytest.raises(ProductStateForbids):
            require_uploadable(state)
    else:
        require_uploadable(state)
