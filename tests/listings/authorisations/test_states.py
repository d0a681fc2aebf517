"""The life of an authorisation."""

from datetime import UTC, datetime
from itertools import product

import pytest

from listings.authorisations.errors import AuthorisationNotLive, AuthorisationStateForbids
from listings.authorisations.states import (
    AUTHORISATION,
    TRANSITIONS,
    AuthorisationAction,
    AuthorisationStatus,
    require_live,
    require_suspendable,
)

S = AuthorisationStatus
A = AuthorisationAction
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("status", "action"), list(product(S, A)))
def test_only_named_transitions_are_possible(status: S, action: A) -> None:
    if status in TRANSITIONS[action].sources:
        assert AUTHORISATION.next_state(status, action) is TRANSITIONS[action].target
    else:
        with pytest.raises(AuthorisationStateForbids, match=str(status)):
            AUTHORISATION.next_state(status, action)


@pytest.mark.parametrize("status", [S.DECLINED, S.REVOKED])
def test_an_end_is_an_end(status: S) -> None:
    assert not any(status in transition.sources for transition in TRANSITIONS.values())


@pytest.mark.parametrize("status", sorted(S))
def test_only_what_is_active_is_suspended(status: S) -> None:
    if status is S.ACTIVE:
        require_suspendable(status)
    else:
        with pytest.raises(AuthorisationStateForbids):
            require_suspendable(status)


def test_the_term_is_half_open() -> None:
    require_live(S.ACTIVE, START, END, now=START, stopped=False)
    with pytest.raises(AuthorisationNotLive, match="ended"):
        require_live(S.ACTIVE, START, END, now=END, stopped=False)
    with pytest.raises(AuthorisationNotLive, match="begins"):
        require_live(S.ACTIVE, START, END, now=START.replace(year=2025), stopped=False)


def test_a_stop_anywhere_above_ends_it() -> None:
    with pytest.raises(AuthorisationNotLive, match="stopped"):
        require_live(S.ACTIVE, START, END, now=START, stopped=True)


@pytest.mark.parametrize("status", sorted(set(S) - {S.ACTIVE}))
def test_only_an_active_one_carries_anything(status: S) -> None:
    with pytest.raises(AuthorisationNotLive):
        require_live(status, START, END, now=START, stopped=False)
