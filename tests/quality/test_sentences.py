"""A check and its result as a sentence: counts, blanks, tolerance, numbers, in both languages."""

from typing import Any

import pytest

from quality.arguments.library import LIBRARY_EXPECTATIONS
from quality.checks import Check, CheckResult, CheckType, Dimension, Tolerance, ToleranceUnit
from quality.sentences import claim_of, duration, number, sentences


def made(kind: CheckType, *columns: str, tolerance: Tolerance | None = None, **arguments: Any) -> Check:
    return Check(kind, columns, Dimension.ACCURACY, arguments, tolerance=tolerance or Tolerance())


KEY = made(CheckType.UNIQUE_TOGETHER, "station_id", "observed_at")
PM = made(CheckType.BETWEEN, "pm25", minimum="0", maximum="1000")
WEATHER = made(CheckType.CONTAINS_ALL, "weather", values=["fog", "rain", "snow"])


@pytest.mark.parametrize(
    ("result", "zh", "en"),
    [
        (
            CheckResult(KEY, 17_281, 17_279),
            "station_id、observed_at 的组合只出现一次：17,281 行中有 2 行重复",
            "station_id and observed_at together occur once: 2 of 17,281 rows repeat",
        ),
        (
            CheckResult(PM, 17_281, 17_250, missing=30),
            "pm25 在 0 与 1,000 之间：17,281 行中有 1 行超出范围、30 行空缺",
            "pm25 lies between 0 and 1,000: 1 of 17,281 rows lies outside, 30 are blank",
        ),
        (
            CheckResult(made(CheckType.NOT_NULL, "n", tolerance=Tolerance("0.50")), 1_000, 999, missing=1),
            "n 有值：1,000 行中有 1 行空缺（允许 0.5%）",
            "n has a value: 1 of 1,000 rows is blank (up to 0.5% allowed)",
        ),
        (
            CheckResult(
                made(CheckType.UNIQUE, "id", tolerance=Tolerance("1", ToleranceUnit.ROWS)), 20, 17, missing=1
            ),
            "id 的值只出现一次：20 行中有 2 行重复、1 行空缺（允许 1 行）",
            "Each id occurs once: 2 of 20 rows repeat, 1 is blank (up to 1 row allowed)",
        ),
        (
            CheckResult(made(CheckType.IN_SET, "country", list="iso_4217"), 1, 1),
            "country 取自 ISO 4217 货币代码：全部 1 行符合",
            "country is one of the currency codes of ISO 4217: the only row passes",
        ),
        (
            CheckResult(WEATHER, 1, 0, observed={"absent": ["snow"]}),
            "weather 中出现 fog、rain、snow：缺少 snow",
            "weather holds fog, rain and snow: snow does not occur",
        ),
        (
            CheckResult(
                made(CheckType.ROW_COUNT, minimum="1", expected="1461"), 1, 1, observed={"rows": 1_200}
            ),
            "至少有 1 行：实有 1,200 行，应有 1,461 行",
            "There is at least 1 row: there are 1,200, 1,461 were expected",
        ),
        (
            CheckResult(made(CheckType.RECENT, "t", within="P1DT12H"), 1, 0, observed={"newest": "2026-01-01"}),
            "t 的最新值距到达不超过 1 天 12 小时：最新值为 2026-01-01",
            "The newest t is at most 1 day 12 hours old on arrival: the newest is 2026-01-01",
        ),
        (
            CheckResult(
                made(CheckType.DISTRIBUTION, "w", maximum="0.1"), 1, 0, observed={"distance": "0.20512345"}
            ),
            "w 的分布与基准相近：差距为 0.2051，允许 0.1",
            "w is distributed like its baseline: the distance is 0.2051, at most 0.1 is allowed",
        ),
        (
            CheckResult(
                made(CheckType.CONTAINS_ALL, "Time of day", values=["Dawn", "late night"]), 1, 0,
                observed={"absent": ["late night"]},
            ),
            "“Time of day” 中出现 “Dawn”、“late night”：缺少 “late night”",
            "“Time of day” holds “Dawn” and “late night”: “late night” does not occur",
        ),
        (
            CheckResult(PM, 0, 0),
            "pm25 在 0 与 1,000 之间：没有可检查的行",
            "pm25 lies between 0 and 1,000: no rows to check",
        ),
        (
            CheckResult(PM, 0, 0, error="no such column"),
            "pm25 在 0 与 1,000 之间：无法检查（no such column）",
            "pm25 lies between 0 and 1,000: could not be checked (no such column)",
        ),
    ],
)  # fmt: skip
def test_a_result_is_a_sentence_in_both_languages(result: CheckResult, zh: str, en: str) -> None:
    assert sentences(result) == (zh, en)


@pytest.mark.parametrize(
    ("check", "en"),
    [
        (made(CheckType.ROW_COUNT, maximum="1"), "There is at most 1 row"),
        (made(CheckType.ROW_COUNT, minimum="900", maximum="1100"), "There are between 900 and 1,100 rows"),
        (made(CheckType.BETWEEN, "x", minimum="0", strict_minimum=True), "x is greater than 0"),
        (
            made(CheckType.BETWEEN, "x", minimum="0.10", maximum="0.30", strict_maximum=True),
            "x is at least 0.10 and less than 0.30",
        ),
        (made(CheckType.BETWEEN, "t", maximum="2026-01-01"), "t is not after 2026-01-01"),
        (
            made(
                CheckType.BETWEEN,
                "t",
                minimum="2020-01-01T00:00:00Z",
                maximum="2026-01-01",
                strict_minimum=True,
            ),
            "t is after 2020-01-01T00:00:00Z and not after 2026-01-01",
        ),
        (made(CheckType.IN_SET, "x", values=["a", "b"]), "x is a or b"),
        (made(CheckType.IN_SET, "x", values=list("abcdef")), "x is one of 6 values"),
        (made(CheckType.REFERENCES, "s", product_id="p", column="id"), "s occurs in id of another product"),
        (
            made(CheckType.EXPECTATION, type="expect_table_column_count_to_equal"),
            "The data: table column count to equal",
        ),
    ],
)
def test_a_claim_tells_the_arguments(check: Check, en: str) -> None:
    assert claim_of(check).en == en


RULED_OUT = "expect_column_values_to_not_be_in_set"
LENGTH = "expect_column_value_lengths_to_be_between"


@pytest.mark.parametrize(
    ("columns", "kind", "given", "zh", "en"),
    [
        (["a"], LENGTH, {"minimum": "2", "maximum": "4"}, "a 的长度为 2 至 4 个字符", "a has 2 to 4 characters"),
        (["a"], LENGTH, {"maximum": "4"}, "a 至多有 4 个字符", "a has at most 4 characters"),
        (["a"], RULED_OUT, {"values": ["x", "n/a"]}, "a 不是 x、n/a", "a is not x or n/a"),
        (["a"], "expect_column_values_to_be_json_parseable", {}, "a 是有效的 JSON", "a is valid JSON"),
        (
            ["a"],
            "expect_column_values_to_match_strftime_format",
            {"format": "%Y-%m"},
            "a 是格式为 %Y-%m 的时间",
            "a is a time of the form %Y-%m",
        ),
        (["a", "b"], "expect_column_pair_values_to_be_equal", {}, "a、b 的值相等", "a and b are equal"),
        (
            ["a", "b"],
            "expect_select_column_values_to_be_unique_within_record",
            {},
            "a、b 在每一行内互不相同",
            "a and b differ from one another in each row",
        ),
    ],
)  # fmt: skip
def test_an_expectation_of_the_library_is_told_in_plain_words(
    columns: list[str], kind: str, given: dict[str, Any], zh: str, en: str
) -> None:
    claim = claim_of(made(CheckType.EXPECTATION, *columns, type=kind, arguments=given))
    assert (claim.zh, claim.en) == (zh, en)


@pytest.mark.parametrize("kind", LIBRARY_EXPECTATIONS)
def test_each_expectation_has_a_claim_of_its_own(kind: str) -> None:
    claim = claim_of(made(CheckType.EXPECTATION, "a", "b", type=kind))
    assert kind.removeprefix("expect_").replace("_", " ") not in claim.zh


@pytest.mark.parametrize("kind", CheckType)
def test_every_type_has_a_claim(kind: CheckType) -> None:
    arguments = {
        "values": ["a"], "pattern": "a", "within": "PT1H", "product_id": "p", "column": "c", "statement": "s",
        "type": "expect_x", "baseline": {}, "maximum": "1",
    }  # fmt: skip
    columns = ("a", "b") if kind in {CheckType.NOT_LESS, CheckType.UNIQUE_TOGETHER} else ("a",)
    claim = claim_of(Check(kind, columns, Dimension.ACCURACY, arguments))
    assert claim.zh
    assert claim.en


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("9007199254740993", "9,007,199,254,740,993"),
        ("-1234.50", "-1,234.50"),
        ("0.10", "0.10"),
        ("1E+3", "1E+3"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_numbers_keep_every_digit(text: str, shown: str) -> None:
    assert number(text) == shown


def test_durations_in_words() -> None:
    assert duration("PT36H").en == "36 hours"
    assert duration("P1M").zh == " 1 个月"
    assert duration("odd").en == "odd"
