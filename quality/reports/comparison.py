"""What changed between two reports of one product. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from quality.checks import CheckStatus


class CheckChange(StrEnum):
    """How a check came out beside the same check of an earlier report.

    ``redefined``: the suite asks something else under this name, so that the two say nothing of each other.
    """

    WORSE = "worse"
    BETTER = "better"
    NEW = "new"
    GONE = "gone"
    REDEFINED = "redefined"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class ComparedCheck:
    """One check in both reports; the side it is missing from is None."""

    name: str
    change: CheckChange
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


_ORDER = list(CheckChange)
_RANK = {CheckStatus.PASSED: 0, CheckStatus.EMPTY: 1, CheckStatus.FAILED: 1, CheckStatus.ERROR: 2}
_DEFINITION = ("type", "columns", "dimension", "arguments", "severity", "tolerance")


def compare(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[ComparedCheck]:
    """Every check of either report, what got worse first, otherwise in the order of the later report.

    A check is the same when its name and its definition are. It is worse when it failed and did not before, or a
    larger share of the rows fails; shares are compared exactly.

    :param before: checks of the earlier report, each with all its members; ``after`` those of the later one.
    """
    earlier = {check["name"]: check for check in before}
    later = {check["name"]: check for check in after}
    found = [
        ComparedCheck(name, _change(earlier.get(name), check), earlier.get(name), check)
        for name, check in later.items()
    ]
    found += [
        ComparedCheck(name, CheckChange.GONE, check, None)
        for name, check in earlier.items()
        if name not in later
    ]
    return sorted(found, key=lambda one: _ORDER.index(one.change))


def _change(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> CheckChange:
    if before is None:
        return CheckChange.NEW
    if any(before.get(member) != after.get(member) for member in _DEFINITION):
        return CheckChange.REDEFINED
    then, now = _badness(before), _badness(after)
    if now == then:
        return CheckChange.UNCHANGED
    return CheckChange.WORSE if now > then else CheckChange.BETTER


def _badness(check: Mapping[str, Any]) -> tuple[int, Fraction]:
    evaluated = check["evaluated"]
    share = Fraction(evaluated - check["satisfied"], evaluated) if evaluated else Fraction(0)
    return _RANK[CheckStatus(check["status"])], share
