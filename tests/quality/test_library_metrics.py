"""Checks as library metrics of ODCS, both ways."""

from decimal import Decimal
from typing import Any

import pytest

from quality.arguments import problems
from quality.checks import Check, CheckType, Dimension, Severity, Tolerance, ToleranceUnit
from quality.library_metrics import MetricRefused, check_of, rule_of

ROWS, PERCENT = ToleranceUnit.ROWS, ToleranceUnit.PERCENT
T = CheckType


@pytest.mark.parametrize(
    ("rule", "column", "type_", "columns", "arguments", "tolerance"),
    [
        ({"metric": "nullValues", "mustBe": 0}, "a", T.NOT_NULL, ("a",), {}, Tolerance("0", ROWS)),
        (
            {"metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"},
            "a",
            T.NOT_NULL,
            ("a",),
            {},
            Tolerance("0.999999999999999", PERCENT),
        ),
        (
            {
                "type": "library",
                "metric": "missingValues",
                "arguments": {"missingValues": [None, "", "n/a", -999]},
                "mustBeLessThan": 100,
                "unit": "rows",
            },
            "a",
            T.NOT_NULL,
            ("a",),
            {"missing_values": ["", "n/a", "-999"]},
            Tolerance("99", ROWS),
        ),
        (
            {"metric": "invalidValues", "arguments": {"validValues": ["kg", True]}, "mustBeBetween": [0, 5]},
            "a",
            T.IN_SET,
            ("a",),
            {"values": ["kg", "true"]},
            Tolerance("5", ROWS),
        ),
        (
            {
                "metric": "invalidValues",
                "arguments": {"pattern": "[A-Z]{2}"},
                "mustBeLessOrEqualTo": Decimal("0.5"),
                "unit": "percent",
            },
            "a",
            T.MATCHES,
            ("a",),
            {"pattern": "[A-Z]{2}"},
            Tolerance("0.5", PERCENT),
        ),
        ({"rule": "duplicateValues", "mustBe": "0"}, "a", T.UNIQUE, ("a",), {}, Tolerance("0", ROWS)),
        (
            {"metric": "duplicateValues", "arguments": {"properties": ["a", "b"]}, "mustBe": 0},
            None,
            T.UNIQUE_TOGETHER,
            ("a", "b"),
            {},
            Tolerance("0", ROWS),
        ),
        (
            {"metric": "rowCount", "mustBeBetween": [100, 120]},
            None,
            T.ROW_COUNT,
            (),
            {"minimum": "100", "maximum": "120"},
            Tolerance(),
        ),
        (
            {"metric": "rowCount", "mustBeGreaterThan": 9},
            None,
            T.ROW_COUNT,
            (),
            {"minimum": "10"},
            Tolerance(),
        ),
    ],
    ids=lambda part: part.get("metric") if isinstance(part, dict) else None,
)
def test_a_metric_becomes_a_check(
    rule: dict[str, Any],
    column: str | None,
    type_: CheckType,
    columns: tuple[str, ...],
    arguments: dict[str, Any],
    tolerance: Tolerance,
) -> None:
    check = check_of(rule, column)
    assert (check.type, check.columns, dict(check.arguments)) == (type_, columns, arguments)
    assert check.tolerance == tolerance
    assert problems(check, None) == []


def test_a_strict_percentage_is_exact() -> None:
    check = check_of({"metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"}, "a")
    for rows in (100, 10_000, 200_000_000):
        assert rows // 100 - 1 <= check.tolerance.rows(rows) < rows // 100


CHECKS = [
    Check(
        T.NOT_NULL,
        ("a",),
        Dimension.COMPLETENESS,
        {},
        Severity.BLOCKING,
        Tolerance("3", ROWS),
        owner="数据科",
    ),
    Check(
        T.NOT_NULL,
        ("a",),
        Dimension.COMPLETENESS,
        {"missing_values": ["—"]},
        tolerance=Tolerance("2.5", PERCENT),
    ),
    Check(
        T.UNIQUE, ("a",), Dimension.ACCURACY, tolerance=Tolerance("0.999999999999999", PERCENT), name="key"
    ),
    Check(T.UNIQUE_TOGETHER, ("a", "b"), Dimension.CONSISTENCY),
    Check(T.IN_SET, ("a",), Dimension.CONFORMITY, {"values": ["x", "y"]}),
    Check(T.MATCHES, ("a",), Dimension.TIMELINESS, {"pattern": "[0-9]+"}),
    Check(T.ROW_COUNT, (), Dimension.COMPLETENESS, {"minimum": "5", "maximum": "5"}),
    Check(T.ROW_COUNT, (), Dimension.CONFORMITY, {"maximum": "5"}, Severity.BLOCKING),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_comes_back_from_its_metric(check: Check) -> None:
    rule = rule_of(check)
    assert rule is not None
    assert check_of(rule, check.columns[0] if len(check.columns) == 1 else None) == check


@pytest.mark.parametrize(
    "check",
    [
        Check(T.BETWEEN, ("a",), Dimension.ACCURACY, {"minimum": "0"}),
        Check(T.IN_SET, ("a",), Dimension.CONFORMITY, {"list": "iso_4217"}),
        Check(T.ROW_COUNT, (), Dimension.CONFORMITY, {"minimum": "1", "expected": "5"}),
    ],
    ids=lambda check: check.name,
)
def test_what_no_metric_says_has_none(check: Check) -> None:
    assert rule_of(check) is None


@pytest.mark.parametrize(
    ("rule", "column", "member"),
    [
        ({"metric": "freshness", "mustBe": 0}, "a", "metric"),
        ({"type": "text", "description": "good"}, "a", "metric"),
        ({"metric": ["nullValues"], "mustBe": 0}, "a", "metric"),
        ({"metric": "nullValues", "mustBe": 0}, None, "metric"),
        ({"metric": "rowCount", "mustBe": 3}, "a", "metric"),
        ({"metric": "duplicateValues", "mustBe": 0}, None, "arguments.properties"),
        ({"metric": "nullValues"}, "a", "mustBe"),
        ({"metric": "nullValues", "mustBe": 0, "mustBeLessThan": 4}, "a", "mustBeLessThan"),
        ({"metric": "nullValues", "mustBe": 3}, "a", "mustBe"),
        ({"metric": "nullValues", "mustBeGreaterThan": 3}, "a", "mustBeGreaterThan"),
        ({"metric": "nullValues", "mustBeLessThan": 0}, "a", "mustBeLessThan"),
        ({"metric": "nullValues", "mustBeLessOrEqualTo": 101, "unit": "percent"}, "a", "mustBeLessOrEqualTo"),
        ({"metric": "nullValues", "mustBeLessOrEqualTo": "1e999999"}, "a", "mustBeLessOrEqualTo"),
        ({"metric": "nullValues", "mustBeLessOrEqualTo": float("nan")}, "a", "mustBeLessOrEqualTo"),
        ({"metric": "nullValues", "mustBeLessOrEqualTo": True}, "a", "mustBeLessOrEqualTo"),
        ({"metric": "nullValues", "mustBe": 0, "unit": "days"}, "a", "unit"),
        ({"metric": "nullValues", "mustBe": 0, "unit": {"rows": []}}, "a", "unit"),
        *(
            (
                {"metric": metric, "mustBe": 0, "arguments": {argument: given}},
                "a",
                f"arguments.{argument}",
            )
            for metric, argument in (("missingValues", "missingValues"), ("invalidValues", "validValues"))
            for given in ("abc", 1.5, [["a"]], [{"a": 1}])
        ),
        (
            {"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["a", None]}},
            "a",
            "arguments.validValues",
        ),
        ({"metric": "nullValues", "mustBeLessOrEqualTo": Decimal("1e1000000")}, "a", "mustBeLessOrEqualTo"),
        ({"metric": "nullValues", "mustBe": 0, "dimension": "beauty"}, "a", "dimension"),
        ({"metric": "nullValues", "mustBe": 0, "severity": "P1"}, "a", "severity"),
        ({"metric": "nullValues", "mustBe": 0, "arguments": {"mostly": 1}}, "a", "arguments"),
        ({"metric": "nullValues", "mustBe": 0, "schedule": "0 20 * * *"}, "a", "schedule"),
        ({"metric": "invalidValues", "mustBe": 0}, "a", "arguments"),
        (
            {"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": "kg"}},
            "a",
            "arguments.validValues",
        ),
        ({"metric": "rowCount", "mustBe": Decimal("0.5")}, None, "unit"),
        ({"metric": "rowCount", "mustBeBetween": [1]}, None, "mustBeBetween"),
        ({"metric": "rowCount", "mustNotBe": 0}, None, "mustNotBe"),
    ],
    ids=str,
)
def test_a_rule_that_no_check_carries_out_is_refused(
    rule: dict[str, Any], column: str | None, member: str
) -> None:
    with pytest.raises(MetricRefused) as refused:
        check_of(rule, column)
    assert refused.value.member == member
    assert refused.value.remedy
