"""What a check may say, by type, and how much a suite may hold."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from infra.messages import translate
from quality.arguments import problems, require_suite
from quality.arguments.library import LIBRARY_EXPECTATIONS
from quality.checks import Check, CheckType, Dimension, Tolerance, ToleranceUnit
from quality.errors import SuiteRefused
from quality.limits import MAX_CHECKS

KINDS = {
    "code": "text",
    "name": "text",
    "pm25": "decimal",
    "count": "integer",
    "speed": "number",
    "ok": "boolean",
    "day": "date",
    "at": "timestamp",
}

T = CheckType


def check(type_: CheckType, *columns: str, **arguments: Any) -> Check:
    dimension = Dimension.TIMELINESS if type_ is T.RECENT else Dimension.CONFORMITY
    return Check(type_, columns, dimension, arguments)


DECILES = [str(number) for number in range(11)]

SOUND = [
    check(T.ROW_COUNT, minimum="1", maximum="200", expected="100"),
    check(T.NO_REPEATED_ROWS),
    check(T.NOT_NULL, "code"),
    check(T.NOT_NULL, "code", missing_values=["n/a", "—"]),
    check(T.UNIQUE, "code"),
    check(T.UNIQUE_TOGETHER, "code", "at"),
    check(T.BETWEEN, "pm25", minimum="0.10", maximum="0.30"),
    check(T.BETWEEN, "count", minimum="9007199254740993", strict_minimum=True),
    check(T.BETWEEN, "speed", minimum=None, maximum="-1"),
    check(T.BETWEEN, "day", minimum="2024-02-29", maximum="2024-02-29"),
    check(T.BETWEEN, "at", minimum="2024-02-29T00:00:00Z", maximum="2024-02-29T08:00:00.5+08:00"),
    check(T.IN_SET, "code", values=["a", "乙"]),
    check(T.IN_SET, "code", list="iso_4217"),
    check(T.IN_SET, "pm25", values=["0.5", "1"]),
    check(T.IN_SET, "ok", values=["true"]),
    check(T.CONTAINS_ALL, "code", values=["a"]),
    check(T.MATCHES, "code", pattern="[A-Z]{2}[0-9]{4}"),
    check(T.WELL_FORMED, "name"),
    check(T.NOT_LESS, "pm25", "count"),
    check(T.NOT_LESS, "day", "day2"),
    check(T.INCREASING, "at"),
    check(T.RECENT, "at", within="P1DT6H"),
    check(T.RECENT, "day", within="P2W"),
    check(T.NOT_AFTER_ARRIVAL, "at"),
    check(
        T.DISTRIBUTION,
        "code",
        baseline={"kind": "categories", "shares": {"a": "2/3", "b": "0.333"}},
        maximum="0.1",
    ),
    check(T.DISTRIBUTION, "pm25", baseline={"kind": "quantiles", "quantiles": DECILES}, maximum="1/8"),
    check(T.REFERENCES, "code", product_id=str(uuid4()), column="code"),
    check(T.SQL, statement="SELECT * FROM revision WHERE pm25 > count"),
    check(
        T.EXPECTATION,
        "code",
        type="expect_column_value_lengths_to_be_between",
        arguments={"minimum": "1", "maximum": "8"},
    ),
    check(
        T.EXPECTATION,
        "code",
        type="expect_column_values_to_match_strftime_format",
        arguments={"format": "%Y年%m月%d日"},
    ),
    check(T.EXPECTATION, "code", "name", type="expect_column_pair_values_to_be_equal"),
]


@pytest.mark.parametrize("sound", SOUND, ids=lambda sound: sound.name)
def test_what_can_be_carried_out_is_taken(sound: Check) -> None:
    assert problems(sound, {**KINDS, "day2": "date"}) == []
    assert problems(sound, None) == []


def test_every_type_and_expectation_has_rules() -> None:
    assert {sound.type for sound in SOUND} == set(CheckType)
    assert all(name.startswith("expect_") for name in LIBRARY_EXPECTATIONS)


WRONG = [
    (check(T.NOT_NULL, "nowhere"), "columns", "no column nowhere"),
    (check(T.NOT_NULL), "columns", "names 0 columns"),
    (check(T.UNIQUE_TOGETHER, "code"), "columns", "names 1 columns"),
    (check(T.UNIQUE_TOGETHER, "code", "code"), "columns", "twice"),
    (check(T.NO_REPEATED_ROWS, "code"), "columns", "names 1 columns"),
    (check(T.BETWEEN, "code", minimum="1"), "columns", "of kind text"),
    (check(T.BETWEEN, "pm25"), "arguments", "nothing to compare"),
    (check(T.BETWEEN, "pm25", minimum="5", maximum="4.999"), "arguments.maximum", "No value"),
    (
        check(T.BETWEEN, "pm25", minimum="5", maximum="5", strict_maximum=True),
        "arguments.maximum",
        "No value",
    ),
    (check(T.BETWEEN, "pm25", minimum=0.1), "arguments.minimum", "not what"),
    (check(T.BETWEEN, "pm25", minimum="NaN"), "arguments.minimum", "not what"),
    (check(T.BETWEEN, "pm25", minimum="1e400"), "arguments.minimum", "not what"),
    (check(T.BETWEEN, "pm25", minimum="2024-01-01"), "arguments.minimum", "not what"),
    (check(T.BETWEEN, "day", minimum="2024-02-30"), "arguments.minimum", "not what"),
    (
        check(T.BETWEEN, "at", minimum="2024-01-01T00:00:00", maximum="2024-01-02T00:00:00Z"),
        "arguments",
        "one kind",
    ),
    (check(T.BETWEEN, "pm25", minimum="1", strict_minimum="yes"), "arguments.strict_minimum", "not what"),
    (check(T.BETWEEN, "pm25", minimum="1", row_condition="pm25 > 1"), "arguments.row_condition", "no such"),
    (check(T.ROW_COUNT), "arguments", "nothing to compare"),
    (check(T.ROW_COUNT, minimum="-1"), "arguments.minimum", "not what"),
    (check(T.ROW_COUNT, minimum="9", maximum="8"), "arguments.maximum", "No value"),
    (check(T.IN_SET, "code"), "arguments", "nothing to compare"),
    (check(T.IN_SET, "code", values=[]), "arguments.values", "not what"),
    (check(T.IN_SET, "code", values=["a", 1]), "arguments.values", "not what"),
    (check(T.IN_SET, "code", values=["\ud800"]), "arguments.values", "not what"),
    (check(T.IN_SET, "code", values=["a"] * 2_001), "arguments.values", "not what"),
    (check(T.IN_SET, "code", values=["a"], list="iso_4217"), "arguments", "both"),
    (check(T.IN_SET, "code", list="../secrets"), "arguments.list", "not what"),
    (check(T.IN_SET, "code", list=["iso_4217"]), "arguments.list", "not what"),
    (check(T.IN_SET, "count", values=["one"]), "arguments.values", "not what"),
    (check(T.MATCHES, "code"), "arguments.pattern", "missing"),
    (check(T.MATCHES, "speed", pattern="1"), "columns", "of kind number"),
    (check(T.MATCHES, "code", pattern="(a"), "arguments.pattern", "pattern"),
    (check(T.NOT_LESS, "pm25", "at"), "columns", "cannot be compared"),
    (check(T.RECENT, "at", within="P1M"), "arguments.within", "not what"),
    (check(T.RECENT, "at", within="PT0S"), "arguments.within", "not what"),
    (check(T.RECENT, "at", within="P"), "arguments.within", "not what"),
    (
        check(T.DISTRIBUTION, "code", baseline={"kind": "all"}, maximum="0.1"),
        "arguments.baseline",
        "no baseline",
    ),
    (
        check(
            T.DISTRIBUTION,
            "code",
            baseline={"kind": "categories", "shares": {"a": "0.9", "b": "0.2"}},
            maximum="1",
        ),
        "arguments.baseline.shares",
        "more than 1",
    ),
    (
        check(
            T.DISTRIBUTION, "pm25", baseline={"kind": "quantiles", "quantiles": DECILES[::-1]}, maximum="1"
        ),
        "arguments.baseline.quantiles",
        "do not rise",
    ),
    (
        check(T.DISTRIBUTION, "pm25", baseline={"kind": "quantiles", "quantiles": DECILES}, maximum="1.1"),
        "arguments.maximum",
        "not what",
    ),
    (check(T.REFERENCES, "code", product_id="mine", column="code"), "arguments.product_id", "not what"),
    (check(T.SQL, statement="DELETE FROM revision"), "arguments.statement", "no SELECT"),
    (
        check(T.EXPECTATION, "code", type="expect_query_results_to_match_comparison"),
        "arguments.type",
        "not allowed",
    ),
    (check(T.EXPECTATION, "code", type={}), "arguments.type", "not allowed"),
    (
        check(
            T.EXPECTATION,
            "code",
            type="expect_column_value_lengths_to_be_between",
            arguments={"minimum": "1", "mostly": "0.5"},
        ),
        "arguments.arguments.mostly",
        "no such",
    ),
    (
        check(T.EXPECTATION, "code", type="expect_column_values_to_be_json_parseable", meta={"number": 1}),
        "arguments",
        "not how",
    ),
    (
        check(
            T.EXPECTATION,
            "code",
            type="expect_column_values_to_match_strftime_format",
            arguments={"format": "%c"},
        ),
        "arguments.arguments.format",
        "not what",
    ),
    (replace(check(T.NOT_NULL, "code"), dimension=Dimension.ACCESSIBILITY), "dimension", "says nothing"),
    (replace(check(T.NOT_NULL, "code"), dimension=Dimension.TIMELINESS), "dimension", "says nothing"),
    (replace(check(T.NOT_NULL, "code"), name="a\nb"), "name", "no name"),
    (replace(check(T.NOT_NULL, "code"), owner="x" * 501), "owner", "no owner"),
    (replace(check(T.NOT_NULL, "code"), tolerance=Tolerance("100")), "tolerance.limit", "never fail"),
    (
        replace(check(T.NOT_NULL, "code"), tolerance=Tolerance("1E+400", ToleranceUnit.ROWS)),
        "tolerance.limit",
        "no plain number",
    ),
    (
        replace(check(T.ROW_COUNT, minimum="1"), tolerance=Tolerance("1", ToleranceUnit.ROWS)),
        "tolerance.limit",
        "as a whole",
    ),
]


@pytest.mark.parametrize(("wrong", "member", "what"), WRONG, ids=lambda part: getattr(part, "name", None))
def test_what_cannot_be_carried_out_is_named_with_a_remedy(wrong: Check, member: str, what: str) -> None:
    found = problems(wrong, KINDS)
    assert [(problem.check, problem.member) for problem in found] == [(wrong.name, member)]
    assert what in found[0].what
    assert found[0].remedy
    assert translate(found[0].what, "zh") != found[0].what


def test_a_refused_suite_lists_every_problem() -> None:
    suite = [check(T.NOT_NULL, "nowhere"), check(T.RECENT, "at", within="x"), check(T.UNIQUE, "code")]
    with pytest.raises(SuiteRefused) as refused:
        require_suite(suite, KINDS)
    problem = refused.value.problem(language="zh")
    assert problem["status"] == 422
    assert [item["check"] for item in problem["problems"]] == ["not_null:nowhere", "recent:at"]
    assert "没有" in problem["problems"][0]["detail"]
    require_suite(suite[2:], KINDS)


def test_a_suite_without_checks_is_refused_since_all_data_would_pass() -> None:
    with pytest.raises(SuiteRefused, match="no check"):
        require_suite([], KINDS)


def test_a_suite_that_is_too_large_is_refused_and_not_cut() -> None:
    many = [replace(check(T.NOT_NULL, "code"), name=f"check {number}") for number in range(10_000)]
    with pytest.raises(SuiteRefused, match="10,000 checks; 400"):
        require_suite(many, KINDS)
    require_suite(many[:MAX_CHECKS], KINDS)
    values = ["乙" * 100 + str(number) for number in range(2_000)]
    with pytest.raises(SuiteRefused, match="bytes"):
        require_suite([check(T.IN_SET, "code", values=values)], KINDS)


def test_more_statements_than_fit_are_refused() -> None:
    statement = {"statement": "SELECT * FROM revision WHERE count < 0"}
    many = [replace(check(T.SQL, **statement), name=f"statement {number}") for number in range(21)]
    with pytest.raises(SuiteRefused, match="21 SQL statements; 20"):
        require_suite(many, KINDS)
    require_suite(many[:20], KINDS)


def test_two_checks_of_one_name_are_refused() -> None:
    with pytest.raises(SuiteRefused, match="have this name"):
        require_suite([check(T.NOT_NULL, "code"), check(T.NOT_NULL, "code")], KINDS)


def test_a_hundred_problems_are_listed_at_most() -> None:
    suite = [replace(check(T.NOT_NULL, "nowhere"), name=f"check {number}") for number in range(300)]
    with pytest.raises(SuiteRefused, match="300 things") as refused:
        require_suite(suite, KINDS)
    assert len(refused.value.extensions["problems"]) == 100


def test_of_ten_thousand_columns_one_is_found() -> None:
    kinds = {f"column {number}": "integer" for number in range(10_000)}
    require_suite([check(T.NOT_NULL, f"column {number}") for number in range(MAX_CHECKS)], kinds)
    assert problems(check(T.NOT_NULL, "column 10000"), kinds)
