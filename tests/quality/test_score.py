"""The score: bounded, never better for worse data, blind to the order of rows."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quality.checks import Check, CheckResult, CheckStatus, CheckType, Dimension, Severity, Tolerance
from quality.score import Scale, assess

SCALE = Scale(
    {dimension: Decimal("0.2") for dimension in Dimension},
    {"A": Decimal("0.97"), "B": Decimal("0.93"), "C": Decimal("0.85"), "D": Decimal("0.70")},
    "D",
)

dimensions = st.sampled_from(Dimension)


@st.composite
def results(draw: st.DrawFn) -> list[CheckResult]:
    made = []
    for _ in range(draw(st.integers(0, 6))):
        evaluated = draw(st.integers(0, 10**6))
        check = Check(CheckType.NOT_NULL, ("a",), draw(dimensions))
        made.append(CheckResult(check, evaluated, draw(st.integers(0, evaluated))))
    return made


@given(results())
def test_a_score_lies_between_nothing_and_everything(found: list[CheckResult]) -> None:
    verdict = assess(found, SCALE)
    assert 0 <= verdict.score <= 1
    for measure in verdict.dimensions.values():
        assert measure.value is None or 0 <= measure.value <= 1


@given(results(), st.data())
def test_a_worse_row_never_raises_the_score(found: list[CheckResult], data: st.DataObject) -> None:
    """A good value turns bad, or goes missing, which leaves fewer values to look at."""
    before = assess(found, SCALE)
    worse = list(found)
    for place, one in enumerate(found):
        if one.satisfied and data.draw(st.booleans()):
            gone = data.draw(st.integers(0, 1))
            # What is missing is looked at by the check for missing values, and by no other.
            kept = one.evaluated > 1 and one.satisfied > 1
            worse[place] = replace(
                one, evaluated=one.evaluated - (gone if kept else 0), satisfied=one.satisfied - 1
            )
    assert assess(worse, SCALE).score <= before.score


@given(results(), st.randoms())
def test_the_order_does_not_matter(found: list[CheckResult], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assess(shuffled, SCALE) == assess(found, SCALE)


def test_what_is_not_measured_is_not_perfect() -> None:
    half = CheckResult(Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS), 4, 2)
    verdict = assess([half], SCALE)
    assert verdict.score == Decimal("0.500000")
    assert verdict.dimensions[Dimension.TIMELINESS].value is None
    assert (verdict.grade, verdict.passed) == ("E", False)
    assert assess([], SCALE).score == 0


def test_a_blocking_check_fails_a_perfect_score() -> None:
    good = CheckResult(Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS), 10**6, 10**6)
    none = CheckResult(Check(CheckType.ROW_COUNT, (), Dimension.CONFORMITY, severity=Severity.BLOCKING), 1, 0)
    assert assess([good], SCALE).passed
    assert not assess([good, none], SCALE).passed
    assert not assess([good, CheckResult(none.check, 0, 0, error="no such column")], SCALE).passed


def test_a_threshold_allows_its_share_and_no_more() -> None:
    check = Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS, tolerance=Tolerance("10"))
    assert CheckResult(check, 20, 18).status is CheckStatus.PASSED
    assert CheckResult(check, 20, 17).status is CheckStatus.FAILED
    assert CheckResult(check, 0, 0).status is CheckStatus.EMPTY
