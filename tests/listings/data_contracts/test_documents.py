"""Data contracts: what is written is read as the same suite, and what is none is refused with its line."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from infra.messages import translate
from listings.data_contracts.documents import ContractColumn, ContractFacts, read_contract, write_contract
from listings.data_contracts.errors import ContractRefused
from listings.data_contracts.parsing import MAX_BYTES, parse_json, parse_yaml
from listings.data_contracts.rendering import to_yaml
from listings.resources.domain import UpdateFrequency
from quality.checks import Check, CheckType, Dimension, Severity, Tolerance, ToleranceUnit
from quality.classes import ProductClass

FACTS = ContractFacts(
    product_id="0190b8f0-0000-7000-8000-000000000000",
    status="active",
    version="3.0.0",
    title_zh="空气",
    title_en="Air",
    description_zh="空气质量",
    description_en="Air quality",
    themes=("environment",),
    purposes=("industry",),
    frequency=UpdateFrequency.HOURLY,
    columns=(
        ContractColumn("station", "text", False, "站点", "Station", None, "GENERAL"),
        ContractColumn("pm25", "decimal", True, "细颗粒物", "Fine particles", "µg/m³", None),
    ),
    product_class=ProductClass.TIME_SERIES,
    digest="a" * 64,
    availability_percent=Decimal("99.5"),
)
D = Dimension
CHECKS = [
    Check(CheckType.ROW_COUNT, (), D.COMPLETENESS, {"minimum": "10"}, Severity.BLOCKING),
    Check(
        CheckType.ROW_COUNT, (), D.COMPLETENESS, {"minimum": "1", "expected": "17281"}, name="rows expected"
    ),
    Check(CheckType.NO_REPEATED_ROWS, (), D.ACCURACY, tolerance=Tolerance("3", ToleranceUnit.ROWS)),
    Check(CheckType.NOT_NULL, ("station",), D.COMPLETENESS, tolerance=Tolerance("0.5")),
    Check(CheckType.NOT_NULL, ("pm25",), D.COMPLETENESS, {"missing_values": ["-", "9999"]}),
    Check(CheckType.NOT_NULL, ("gone",), D.COMPLETENESS, owner="数据处"),
    Check(CheckType.UNIQUE, ("station",), D.ACCURACY, tolerance=Tolerance("0.123456789012345")),
    Check(CheckType.UNIQUE_TOGETHER, ("station", "time"), D.ACCURACY),
    Check(
        CheckType.BETWEEN,
        ("pm25",),
        D.ACCURACY,
        {"minimum": "0.10", "maximum": "0.30", "strict_minimum": True},
    ),
    Check(
        CheckType.IN_SET,
        ("station",),
        D.CONFORMITY,
        {"values": ["01", "08", "no", "1e3", "1.50", "2026-01-01", "~"]},
    ),
    Check(CheckType.IN_SET, ("station",), D.CONFORMITY, {"list": "gb_t_2260"}, name="division"),
    Check(CheckType.MATCHES, ("station",), D.CONFORMITY, {"pattern": "S[0-9]+: #x"}),
    Check(CheckType.CONTAINS_ALL, ("station",), D.COMPLETENESS, {"values": ["甲", "08"]}),
    Check(CheckType.WELL_FORMED, ("站名",), D.CONFORMITY),
    Check(CheckType.NOT_LESS, ("pm10", "pm25"), D.CONSISTENCY),
    Check(CheckType.INCREASING, ("time",), D.CONSISTENCY),
    Check(CheckType.NOT_AFTER_ARRIVAL, ("time",), D.ACCURACY),
    Check(
        CheckType.REFERENCES,
        ("station",),
        D.CONSISTENCY,
        {"product_id": "0190b8f0-0000-7000-8000-000000000001", "column": "station"},
    ),
    Check(CheckType.RECENT, ("time",), D.TIMELINESS, {"within": "PT1H"}),
    Check(
        CheckType.DISTRIBUTION,
        ("station",),
        D.CONSISTENCY,
        {"baseline": {"kind": "categories", "shares": {"S1": "0.5", "S2": "0.5"}}, "maximum": "0.1"},
    ),
    Check(
        CheckType.SQL,
        (),
        D.ACCURACY,
        {"statement": "SELECT row_number FROM revision WHERE pm25 < 0 -- none"},
        tolerance=Tolerance("2", ToleranceUnit.ROWS),
        name="negative",
    ),
    Check(
        CheckType.EXPECTATION,
        ("station",),
        D.CONFORMITY,
        {"type": "expect_column_value_lengths_to_be_between", "arguments": {"minimum": "1", "maximum": "9"}},
        name="lengths",
    ),
]


def contract(**changes: Any) -> dict[str, Any]:
    return write_contract(FACTS, CHECKS) | changes


def refusal(text: str) -> list[dict[str, Any]]:
    with pytest.raises(ContractRefused) as caught:
        read_contract(parse_yaml(text.encode()))
    problems = caught.value.extensions["problems"]
    assert all(translate(one["detail"], "zh") and translate(one["remedy"], "zh") for one in problems)
    return list(problems)


def test_a_suite_of_every_type_is_tried() -> None:
    assert {check.type for check in CHECKS} == set(CheckType)


def test_what_is_written_reads_as_the_same_suite() -> None:
    document = contract()
    for parsed in (
        parse_yaml(to_yaml(document).encode()),
        parse_json(json.dumps(document).encode()),
    ):
        found = read_contract(parsed)
        by_name = {check.name: check.to_json() for check in found.checks}
        assert by_name == {check.name: check.to_json() for check in CHECKS}
        assert (found.product_class, found.based_on) == (ProductClass.TIME_SERIES, "a" * 64)


def test_rules_are_those_of_the_standard_where_it_has_them() -> None:
    document = contract()
    table = document["schema"][0]
    at = {entry["name"]: entry.get("quality", []) for entry in table["properties"]}
    rules = {rule["name"]: rule for rule in (*table["quality"], *(rule for of in at.values() for rule in of))}
    assert {name: rule["type"] for name, rule in rules.items()} == {
        "row_count": "library",
        "rows expected": "custom",
        "no_repeated_rows": "custom",
        "not_null:station": "library",
        "not_null:pm25": "library",
        "not_null:gone": "library",
        "unique:station": "library",
        "unique_together:station:time": "library",
        "between:pm25": "custom",
        "in_set:station": "library",
        "division": "custom",
        "matches:station": "library",
        "contains_all:station": "custom",
        "well_formed:站名": "custom",
        "not_less:pm10:pm25": "custom",
        "increasing:time": "custom",
        "not_after_arrival:time": "custom",
        "references:station": "custom",
        "recent:time": "custom",
        "distribution:station": "custom",
        "negative": "sql",
        "lengths": "custom",
    }
    assert rules["not_null:station"]["mustBeLessOrEqualTo"] == 0.5
    assert rules["not_null:station"]["unit"] == "percent"
    assert rules["row_count"]["mustBeGreaterOrEqualTo"] == 10
    assert rules["row_count"]["severity"] == "error"
    assert rules["lengths"]["engine"] == "greatExpectations"
    assert rules["lengths"]["implementation"]["type"] == "expect_column_value_lengths_to_be_between"
    assert [rule["name"] for rule in at["gone"]] == ["not_null:gone"]
    assert document["slaProperties"] == [
        {"property": "frequency", "value": 1, "unit": "h"},
        {"property": "availability", "value": "99.5", "unit": "percent"},
    ]
    assert {"version", "apiVersion", "kind", "id", "status"} <= document.keys()


def test_withheld_checks_are_named_and_not_told() -> None:
    document = write_contract(replace(FACTS, withheld=("matches:station", "negative")), CHECKS)
    assert "#x" not in str(document)
    assert "row_number" not in str(document)
    assert document["customProperties"][-1] == {
        "property": "withheldChecks",
        "value": ["matches:station", "negative"],
    }


HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: '1'\nstatus: draft\n"


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("", "", None),
        ("just words", "", None),
        ("- a\n- b\n", "", None),
        ("openapi: 3.1.0\ninfo: {}\n", "kind", 1),
        ("kind: DataContract\napiVersion: v2.2.2\n", "apiVersion", 2),
        ("kind: [\n", "", 2),
        ("a: &x [1]\nb: *x\n", "a", 1),
        ("a: !!python/object/apply:os.system ['true']\n", "a", 1),
        ("a: 1\na: 2\n", "a", 2),
        ("a: 1\n---\nb: 2\n", "", 2),
        ("? [a, b]\n: 1\n", "", 1),
        (HEAD, "schema", 1),
        (HEAD + "schema:\n- name: a\n- name: b\n", "schema", 6),
        (HEAD + "schema:\n- quality: all good\n", "schema[0].quality", 7),
        (HEAD + "schema:\n- properties:\n  - quality: []\n", "schema[0].properties[0]", 8),
        (
            HEAD
            + "schema:\n- properties:\n  - name: a\n    quality:\n    - type: text\n      description: fine\n",
            "schema[0].properties[0].quality[0].type",
            10,
        ),
        (
            HEAD + "schema:\n- quality:\n  - type: custom\n    engine: soda\n    implementation: x\n",
            "schema[0].quality[0].engine",
            9,
        ),
        (
            HEAD
            + "schema:\n- quality:\n  - type: sql\n    query: SELECT 1\n    mustBe: 0\n    dimension: accuracy\n",
            "schema[0].quality[0].query",
            9,
        ),
    ],
)
def test_what_is_no_contract_is_refused_with_its_place(text: str, path: str, line: int | None) -> None:
    problem = refusal(text)[0]
    assert (problem["path"], problem["line"]) in {(path, line), (path, line or 1)}


@pytest.mark.parametrize("version", ["v3.0.0", "v3.0.2", "v3.1.0", "v3.2.0"])
def test_every_third_version_of_the_standard_is_read(version: str) -> None:
    text = (
        f"apiVersion: {version}\nkind: DataContract\nid: x\nversion: '1'\ncontext: 给程序的话\n"
        "schema:\n- name: t\n  synonyms:\n  - synonym: table\n  quality: [{metric: rowCount, mustBeGreaterThan: 9}]\n"
        "  properties:\n  - {name: level, semanticType: ordinal, enum: [{value: I}, {value: II}]}\n"
    )
    assert [check.type for check in read_contract(parse_yaml(text.encode())).checks] == [CheckType.ROW_COUNT]


@pytest.mark.parametrize("version", ["v4.0.0", "v3", "3.1.0", "v3.1", "v3.x.0", "v3.1.0-rc1", "v2.2.2"])
def test_other_versions_are_not_read(version: str) -> None:
    assert refusal(HEAD.replace("v3.1.0", version) + "schema:\n- name: a\n")[0]["path"] == "apiVersion"


def test_every_rule_that_cannot_be_carried_out_is_told_at_once() -> None:
    rule = "  - {metric: rowCount, mustNotBe: 3}\n  - {metric: freshness, mustBe: 0}\n"
    assert [one["line"] for one in refusal(HEAD + "schema:\n- quality:\n" + rule)] == [8, 9]


@pytest.mark.parametrize(
    "text",
    [
        b"a: " + b"[" * 5000,
        b"x" * (MAX_BYTES + 1),
        b"a: [" + b"1," * 200_000 + b"1]",
        b"\xff\xfe\x00",
        b"a: \x00",
    ],
)
def test_what_is_too_large_or_no_text_is_refused_soon(text: bytes) -> None:
    for parse in (parse_yaml, parse_json):
        with pytest.raises(ContractRefused):
            parse(text)


def test_numbers_stay_exact_and_dates_stay_text() -> None:
    parsed = parse_yaml(
        b"a: 0.1\nb: 9007199254740993\nc: 2026-01-01\nd: 1:30\ne: 'no'\nf: no\ng: 0o17\n"
    ).value
    assert (str(parsed["a"]), parsed["b"], parsed["c"]) == ("0.1", 2**53 + 1, "2026-01-01")
    assert (parsed["d"], parsed["e"], parsed["f"], parsed["g"]) == ("1:30", "no", "no", "0o17")


def test_texts_that_only_some_versions_of_yaml_read_as_numbers_stay_texts() -> None:
    texts = ["01", "08", "-09", "1e3", "1E5", "1.5e3", "2e-4"]
    for text in texts:
        assert parse_yaml(f"a: {text}\n".encode()).value == {"a": text}
        assert to_yaml({"a": text}) == f'a: "{text}"\n'
    numbers = ["0", "-7", "0.50", "00.5", "1.5e+3"]
    assert [str(parse_yaml(text.encode()).value) for text in numbers] == ["0", "-7", "0.50", "0.5", "1.5E+3"]
