"""The steps of a procedure: none is left out, and none leaves a product where nothing leads out of."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.enforcement.domain import (
    EnforcementRules,
    ProductFacts,
    due_action,
    failed_in_a_row,
    find_ground,
    is_cured,
    may_request,
    persists,
    require_later,
)
from listings.enforcement.errors import EnforcementStateForbids, ExtensionRefused
from listings.enforcement.notices import in_both, to_do
from listings.enforcement.states import (
    NEXT_STEP,
    OPEN,
    PROCEDURE,
    TRANSITIONS,
    EnforcementAction,
    EnforcementGround,
    EnforcementStatus,
)
from quality.observations.domain import CallCounts
from quality.runs.states import QualityStatus

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RULES = EnforcementRules(
    failed_revisions=3, late_days=14, availability_percent=Fraction(95), availability_days=7, least_calls=100
)
P, F, C, E = QualityStatus.PASSED, QualityStatus.FAILED, QualityStatus.CHECKING, QualityStatus.ERROR
GRADES = [
    EnforcementStatus.WARNED,
    EnforcementStatus.CURE_PERIOD,
    EnforcementStatus.SUSPENDED,
    EnforcementStatus.DELISTED,
]
ENDS = set(EnforcementStatus) - OPEN


@pytest.mark.parametrize(
    ("statuses", "failed"),
    [([], 0), ([P, F, F], 0), ([F, F, P, F], 2), ([C, F, E, F], 2), ([E, C, P, F], 0), ([F] * 5, 5)],
)
def test_only_what_came_of_a_check_is_counted(statuses: list[QualityStatus], failed: int) -> None:
    assert failed_in_a_row(statuses) == failed


def test_each_ground_begins_at_its_limit_and_not_before() -> None:
    def ground(**facts: object) -> EnforcementGround | None:
        return find_ground(ProductFacts(**facts), RULES, NOW)  # type: ignore[arg-type]

    assert ground() is None
    assert ground(failed_in_a_row=2) is None
    assert ground(failed_in_a_row=3) is EnforcementGround.FAILED_REVISIONS
    assert ground(late_since=NOW - timedelta(days=14) + timedelta(seconds=1)) is None
    assert ground(late_since=NOW - timedelta(days=14)) is EnforcementGround.LATE_DATA
    assert ground(calls=CallCounts(99, 0, 0)) is None
    assert ground(calls=CallCounts(100, 95, 0)) is None
    assert ground(calls=CallCounts(1000, 949, 0)) is EnforcementGround.UNAVAILABLE


def test_a_ground_is_over_only_when_all_of_it_is_and_nothing_else_has_begun() -> None:
    failed, late, away = EnforcementGround
    assert not is_cured(failed, ProductFacts(failed_in_a_row=1), RULES, NOW)
    assert is_cured(failed, ProductFacts(late_since=NOW - timedelta(days=1)), RULES, NOW)
    assert not is_cured(failed, ProductFacts(late_since=NOW - timedelta(days=30)), RULES, NOW)
    assert not is_cured(late, ProductFacts(late_since=NOW - timedelta(days=1)), RULES, NOW)
    assert is_cured(late, ProductFacts(failed_in_a_row=1), RULES, NOW)
    good, bad, few = CallCounts(1000, 990, 0), CallCounts(1000, 1, 0), CallCounts(99, 99, 0)
    assert not is_cured(away, ProductFacts(calls=bad, calls_since_step=good), RULES, NOW)
    assert is_cured(away, ProductFacts(calls=few, calls_since_step=good), RULES, NOW)
    # Silence is no answer: nobody calls what does not work, or is suspended.
    assert not is_cured(away, ProductFacts(calls=few, calls_since_step=few), RULES, NOW)
    assert not is_cured(away, ProductFacts(), RULES, NOW)


def test_a_served_product_is_not_punished_for_silence_and_a_withdrawn_one_goes_no_further() -> None:
    away, served, stopped = (
        EnforcementGround.UNAVAILABLE,
        EnforcementStatus.WARNED,
        EnforcementStatus.SUSPENDED,
    )
    bad = CallCounts(100, 90, 0)
    assert not persists(away, served, ProductFacts(), RULES, NOW)
    assert not persists(away, served, ProductFacts(calls=bad), RULES, NOW)
    assert persists(away, served, ProductFacts(calls_since_step=bad), RULES, NOW)
    assert persists(away, served, ProductFacts(failed_in_a_row=3), RULES, NOW)
    assert persists(away, stopped, ProductFacts(), RULES, NOW)
    assert persists(EnforcementGround.LATE_DATA, served, ProductFacts(), RULES, NOW)
    assert due_action(served, NOW, NOW, cured=False, persists=False) is None

    def gone(status: EnforcementStatus, due_at: datetime | None = NOW, *, cured: bool = False) -> object:
        return due_action(status, due_at, NOW, cured=cured, withdrawn=True)

    assert gone(served) is gone(EnforcementStatus.CURE_PERIOD) is EnforcementAction.TERMINATE
    assert gone(stopped) is EnforcementAction.HOLD
    assert gone(stopped, None) is None
    assert gone(stopped, None, cured=True) is EnforcementAction.CURE
    assert gone(EnforcementStatus.DELISTED, None) is None


@pytest.mark.parametrize("status", list(EnforcementStatus))
@pytest.mark.parametrize("ground", list(EnforcementGround))
def test_where_no_data_leads_back_a_regulator_is_asked(
    status: EnforcementStatus, ground: EnforcementGround
) -> None:
    held = may_request(ground, status, None)
    assert held == (status in (EnforcementStatus.SUSPENDED, EnforcementStatus.DELISTED))
    assert ("relisting-request" in to_do(status, ground, None).template) == held
    running = may_request(ground, status, NOW)
    assert ("relisting-request" in to_do(status, ground, NOW).template) == running


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=30))
def test_the_clock_takes_every_step_in_turn_and_a_cure_ends_it(days: list[tuple[bool, int]]) -> None:
    status, moment, due_at, seen = EnforcementStatus.WARNED, NOW, NOW + timedelta(days=10), [GRADES[0]]
    for cured, later in days:
        moment += timedelta(days=later)
        action = due_action(status, due_at, moment, cured=cured)
        if action is None:
            assert status not in NEXT_STEP or (moment < due_at and not cured)
            continue
        status = PROCEDURE.next_state(status, action)
        due_at = moment + timedelta(days=10)
        seen.append(status)
        # A worker that comes a second time finds nothing left to do.
        assert due_action(status, due_at, moment, cured=False) is None
    graded = [one for one in seen if one in GRADES]
    assert graded == GRADES[: len(graded)]
    assert set(seen) - set(GRADES) <= {EnforcementStatus.CURED}


@given(st.lists(st.sampled_from(sorted(TRANSITIONS)), max_size=25))
def test_whatever_is_done_there_is_a_way_out_and_no_step_is_left_out(
    actions: list[EnforcementAction],
) -> None:
    status, suspended = EnforcementStatus.WARNED, False
    for action in actions:
        try:
            target = PROCEDURE.next_state(status, action)
        except EnforcementStateForbids:
            continue
        if target in GRADES:
            # One step on, or back from the market's outside to a suspension.
            assert GRADES.index(target) - GRADES.index(status) in (1, -1)
            suspended = suspended or target is EnforcementStatus.SUSPENDED
            assert suspended or target is not EnforcementStatus.DELISTED
        status = target
    ways = {action for action in TRANSITIONS if PROCEDURE.allows(status, action)}
    assert (EnforcementAction.TERMINATE in ways) == (status in OPEN)
    assert ways or status in ENDS
    # Without a regulator's termination there is a way as well: data that passes, after a relisting where it needs one.
    if status in OPEN:
        back = EnforcementAction.RELIST if status is EnforcementStatus.DELISTED else None
        reached = PROCEDURE.next_state(status, back) if back else status
        assert PROCEDURE.next_state(reached, EnforcementAction.CURE) is EnforcementStatus.CURED


def test_a_deadline_moves_ahead_only_and_not_for_ever() -> None:
    due = NOW + timedelta(days=5)
    require_later(due, due + timedelta(days=1), NOW)
    for wanted in (due, NOW - timedelta(days=1), NOW + timedelta(days=367)):
        with pytest.raises(ExtensionRefused):
            require_later(due, wanted, NOW)
    with pytest.raises(ExtensionRefused):
        require_later(None, due, NOW)


@pytest.mark.parametrize("status", list(EnforcementStatus))
@pytest.mark.parametrize("ground", list(EnforcementGround))
def test_every_step_says_what_to_do_in_both_languages(
    status: EnforcementStatus, ground: EnforcementGround
) -> None:
    zh, en = in_both(to_do(status, ground, NOW))
    assert zh != en
    assert "{by}" not in zh + en
    assert ("2026-06-01" in en) == (status in NEXT_STEP)
