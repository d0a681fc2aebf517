"""Two reports beside each other."""

from typing import Any

from quality.checks import Check, CheckResult, CheckType, Dimension, Tolerance
from quality.reports.comparison import CheckChange, compare
from quality.runs.judging import result_to_json


def outcome(
    column: str, satisfied: int, *, evaluated: int = 100, limit: str = "0", **arguments: Any
) -> dict[str, Any]:
    check = Check(CheckType.BETWEEN, (column,), Dimension.ACCURACY, arguments, tolerance=Tolerance(limit))
    return result_to_json(CheckResult(check, evaluated, satisfied))


def test_what_got_worse_comes_first_and_shares_are_compared_not_counts() -> None:
    before = [
        outcome("same", 98),
        outcome("better", 90),
        outcome("gone", 100),
        outcome("grown", 90),
        outcome("worse", 100),
        outcome("redefined", 90, minimum="0"),
    ]
    after = [
        outcome("same", 196, evaluated=200),
        outcome("better", 91),
        outcome("grown", 179, evaluated=200),
        outcome("worse", 99),
        outcome("new", 100),
        outcome("redefined", 100, minimum="1"),
    ]
    found = [(one.change, one.name.removeprefix("between:")) for one in compare(before, after)]
    assert found == [
        (CheckChange.WORSE, "grown"),
        (CheckChange.WORSE, "worse"),
        (CheckChange.BETTER, "better"),
        (CheckChange.NEW, "new"),
        (CheckChange.GONE, "gone"),
        (CheckChange.REDEFINED, "redefined"),
        (CheckChange.UNCHANGED, "same"),
    ]


def test_a_check_that_fails_now_is_worse_whatever_its_share() -> None:
    before, after = outcome("x", 0, evaluated=0), outcome("x", 99)
    assert compare([before], [after])[0].change is CheckChange.WORSE
    broken = {**after, "status": "error", "satisfied": 0, "evaluated": 0, "error": "no such column"}
    assert compare([after], [broken])[0].change is CheckChange.WORSE
    assert compare([broken], [after])[0].change is CheckChange.BETTER
