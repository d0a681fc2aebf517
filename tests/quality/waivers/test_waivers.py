"""What a waiver may cover, and how long it lasts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quality.waivers.domain import failed_checks, require_bounded, require_coverable
from quality.waivers.errors import WaiverRefused
from quality.waivers.states import WaiverStatus, waiver_status

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CHECKS: list[dict[str, Any]] = [
    {"name": "rows", "status": "failed", "severity": "blocking"},
    {"name": "codes", "status": "error", "severity": "warning"},
    {"name": "nulls", "status": "failed", "severity": "warning"},
    {"name": "key", "status": "passed", "severity": "blocking"},
]
BY_CHECKS: list[dict[str, Any]] = [{"check": "rows"}, {"check": "codes"}]
BY_GRADE: list[dict[str, Any]] = [{"check": None}, *BY_CHECKS]


def test_a_whole_report_can_always_be_waived() -> None:
    assert failed_checks(CHECKS) == ["rows", "codes", "nulls"]
    require_coverable(CHECKS, BY_GRADE, [])
    require_coverable(CHECKS, BY_CHECKS, ["codes", "rows"])
    require_coverable(CHECKS, BY_CHECKS, ["codes", "rows", "nulls"])


@pytest.mark.parametrize(
    ("refusals", "named", "left"),
    [
        (BY_CHECKS, ["key"], ["key"]),
        (BY_CHECKS, ["rows", "no such"], ["no such"]),
        (BY_CHECKS, ["nulls"], ["codes", "rows"]),
        (BY_CHECKS, ["rows"], ["codes"]),
        (BY_GRADE, ["rows", "codes"], None),
    ],
)
def test_named_checks_must_be_those_that_refuse_the_revision(
    refusals: list[dict[str, Any]], named: list[str], left: list[str] | None
) -> None:
    with pytest.raises(WaiverRefused) as refused:
        require_coverable(CHECKS, refusals, named)
    assert refused.value.extensions.get("checks") == left


def test_a_waiver_is_bounded_and_ends_by_the_clock() -> None:
    end = NOW + timedelta(days=90)
    require_bounded(end, NOW, 90)
    for wrong in (NOW, end + timedelta(seconds=1)):
        with pytest.raises(WaiverRefused, match="90 days"):
            require_bounded(wrong, NOW, 90)
    assert waiver_status(end, None, NOW) is WaiverStatus.IN_FORCE
    assert waiver_status(end, None, end) is WaiverStatus.EXPIRED
    assert waiver_status(end, NOW, NOW) is WaiverStatus.REVOKED
