"""The page and the pictures of a report: well-formed, escaped, in both languages, and telling nothing withheld."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import lxml.etree
import lxml.html
import pytest

from infra.db import new_id
from market.code_lists import labels
from quality.checks import Check, CheckResult, CheckType, Dimension, Example, Severity, Tolerance
from quality.reports.badge import badge
from quality.reports.charts import percent
from quality.reports.comparison import compare
from quality.reports.page import POLICY, PageFacts, render
from quality.reports.schemas import (
    ComparedCheckRead,
    ComparedReportRead,
    ComparisonRead,
    ReportRead,
    TrendPointRead,
    completed,
)
from quality.runs.judging import result_to_json
from quality.runs.states import ReportStatus
from quality.runs.tables import QualityReport

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
ODD = [
    "<script>alert(1)</script>",
    "\"quoted\" & 'single'",
    "\x00\x1b[31m\uffff",
    "列" * 300,
    "\u202egnol",
    " ",
    "]]>",
]
SECRETS = ("18912345678", "Zhāng Sān", "secret-pattern", "1931-02-03", "0.731")


@pytest.fixture(autouse=True, scope="module")
def _labels() -> None:
    labels.register()


def stored(
    kind: CheckType, *columns: str, evaluated: int = 60, satisfied: int = 58, **given: Any
) -> dict[str, Any]:
    """A check as it is kept in a report."""
    check = Check(
        kind,
        columns,
        given.get("dimension", Dimension.CONFORMITY),
        given.get("arguments", {}),
        given.get("severity", Severity.WARNING),
        given.get("tolerance", Tolerance()),
    )
    result = CheckResult(
        check,
        evaluated,
        satisfied,
        observed=given.get("observed", {}),
        examples=given.get("examples", ()),
        error=given.get("error"),
    )
    return result_to_json(result)


def report(*checks: dict[str, Any], **changes: Any) -> QualityReport:
    """A report with these checks, conformity measured and nothing else."""
    dimensions = [{"dimension": str(one), "satisfied": 0, "evaluated": 0, "value": None} for one in Dimension]
    dimensions[0] |= {"satisfied": 58, "evaluated": 60, "value": "0.966666"}
    given: dict[str, Any] = {
        "id": new_id(),
        "run_id": new_id(),
        "revision_id": new_id(),
        "status": ReportStatus.FAILED,
        "score": Decimal("0.966666"),
        "grade": "B",
        "dimensions": dimensions,
        "checks": list(checks),
        "engine": "great_expectations 1.15.0",
        "rules": [{"key": "quality.grade.a", "version": 1}],
        "digest": "0" * 64,
        "measured_at": NOW,
    }
    return QualityReport(**given | changes)


def point(number: int, score: str, status: ReportStatus) -> TrendPointRead:
    """A revision of a trend."""
    return TrendPointRead(
        revision_id=new_id(),
        number=number,
        uploaded_at=NOW,
        rows=60,
        measured_at=NOW + timedelta(days=number),
        status=status,
        grade="B",
        score=Decimal(score),
        dimensions=[],
    )


def comparison(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> ComparisonRead:
    """Two reports beside each other."""
    sides = [
        ComparedReportRead(
            revision_id=new_id(),
            number=number,
            measured_at=NOW,
            status=ReportStatus.PASSED,
            grade="A",
            score=Decimal("0.99"),
        )
        for number in (1, 2)
    ]
    return ComparisonRead(
        before=sides[0], after=sides[1], checks=[ComparedCheckRead.of(one) for one in compare(before, after)]
    )


def facts(**changes: Any) -> PageFacts:
    """What the page is told besides the report."""
    given: dict[str, Any] = {
        "title_zh": "城市空气质量",
        "title_en": "Urban air quality",
        "number": 2,
        "rows": 60,
        "uploaded_at": "2026-03-01 08:29 UTC",
        "json_path": "/v1/revisions/x/quality-report",
        "languages": {"zh": "?lang=zh", "en": "?lang=en"},
        "trend": [point(1, "0.91", ReportStatus.PASSED), point(2, "0.5", ReportStatus.FAILED)],
    }
    return PageFacts(**given | changes)


def texts(page: str) -> list[str]:
    """Every text of a page that a reader sees, its style left out."""
    tree = lxml.etree.fromstring(page.encode())
    return [
        text.strip()
        for one in tree.iter()
        if not str(one.tag).endswith("}style")
        for text in (one.text, one.get("data-label"), *(child.tail for child in one))
        if text and text.strip()
    ]


FULL = [
    stored(CheckType.NOT_NULL, "pm25", examples=(Example(7, ""), Example(9, "")), severity=Severity.BLOCKING),
    stored(
        CheckType.BETWEEN, "humidity", arguments={"minimum": "0", "maximum": "100"}, tolerance=Tolerance("5")
    ),
    stored(CheckType.ROW_COUNT, evaluated=1, satisfied=1, arguments={"minimum": "10"}),
    stored(CheckType.UNIQUE, "id", evaluated=0, satisfied=0),
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("checks", [FULL, []], ids=["checks", "no checks"])
def test_a_page_is_well_formed_and_loads_nothing(language: str, checks: list[dict[str, Any]]) -> None:
    read = ReportRead.of(report(*checks))
    page = render(read, facts(comparison=comparison(checks[1:], checks[:2])), language)
    tree = lxml.etree.fromstring(page.encode())
    assert tree.get("lang") == {"zh": "zh-CN", "en": "en"}[language]
    as_html = lxml.html.document_fromstring(page)
    outline = [str(one.tag) for one in as_html.iter() if one.tag not in {"p"}]
    assert outline == [str(one.tag).split("}")[-1] for one in tree.iter() if not str(one.tag).endswith("}p")]
    assert not re.search(r"<script|<link|<img|\bon\w+=|url\(|@import|style=", page)
    assert {one.get("href") for one in as_html.iter("a")} >= {"/v1/revisions/x/quality-report"}
    assert [target for target in as_html.xpath("//a/@href") if target.startswith("#")] == ["#conformity"]
    assert as_html.get_element_by_id("conformity") is not None
    style = as_html.xpath("//style/text()")[0]
    assert not re.search("[<>&]", style), "read as XML and as HTML it must be the same sheet"


def test_each_chart_is_named_and_stands_beside_its_figures() -> None:
    tree = lxml.html.document_fromstring(render(ReportRead.of(report(*FULL)), facts(), "en"))
    for chart in tree.xpath("//*[local-name()='svg']"):
        assert chart.get("role") == "img"
        assert chart.xpath("*[local-name()='title']/text()")
    table = tree.xpath("//section[@id='dimensions']//table")[0].text_content()
    for figure in ("58", "60", "96.66 %", "not measured"):
        assert figure in table
    assert "50.00 %" in tree.xpath("//section[@id='trend']//table")[0].text_content()


def test_no_sentence_of_one_language_stands_in_the_page_of_the_other() -> None:
    read = ReportRead.of(report(*FULL))
    compared = comparison(FULL[1:], FULL[:2])
    for text in texts(render(read, facts(comparison=compared), "zh")):
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", text), text
    english = texts(render(read, facts(comparison=compared), "en"))
    assert [text for text in english if re.search("[\u4e00-\u9fff]", text)] == ["中文"]


PASSED = {"status": ReportStatus.PASSED}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_refused_revision_says_what_to_do_and_a_passed_one_why_it_passed(language: str) -> None:
    told = {
        "zh": ("重新上传文件", "但该版本仍为合格"),
        "en": ("upload the file again", "passed all the same"),
    }[language]
    refused, passed = (
        render(ReportRead.of(report(*FULL, **changes)), facts(), language) for changes in ({}, PASSED)
    )
    assert (told[0] in refused, told[0] in passed) == (True, False)
    assert (told[1] in refused, told[1] in passed) == (False, True)


def test_repeated_rows_are_not_called_missing() -> None:
    check = stored(CheckType.NO_REPEATED_ROWS, examples=(Example(7, ""), Example(1_115, "")))
    page = render(ReportRead.of(report(check)), facts(), "en")
    assert "For example in rows 7; 1,115" in page
    assert "missing" not in page.replace("Missing", "")


def test_other_revisions_are_a_link_away_for_who_is_signed_in() -> None:
    for signed_in in (True, False):
        page = render(ReportRead.of(report()), facts(has_account=signed_in), "zh")
        links = lxml.html.document_fromstring(page).xpath("//section[@id='trend']//th/a/@href")
        assert [link.endswith("/quality-report.html?lang=zh") for link in links] == [True] * signed_in


@pytest.mark.parametrize("language", ["zh", "en"])
def test_odd_names_are_text_and_nothing_else(language: str) -> None:
    checks = [
        stored(
            CheckType.IN_SET,
            name,
            arguments={"values": [name]},
            severity=Severity.BLOCKING,
            examples=(Example(1, name[:200]),),
        )
        for name in ODD
    ]
    made = report(*checks)
    page = render(ReportRead.of(made), facts(title_zh=ODD[0], title_en=ODD[0]), language)
    tree = lxml.etree.fromstring(page.encode())
    assert not tree.xpath("//*[local-name()='script']")
    assert ODD[0] in "".join(texts(page))
    assert ODD[0] in str(lxml.html.document_fromstring(page).text_content())


def test_a_page_of_five_hundred_columns_is_whole() -> None:
    checks = [stored(CheckType.NOT_NULL, f"c{n}") for n in range(500)]
    page = render(ReportRead.of(report(*checks)), facts(), "en")
    tree = lxml.html.document_fromstring(page)
    assert len(tree.xpath("//section[@id='conformity']//tbody/tr")) == 500
    assert len(tree.xpath("//article")) == 100
    assert "failed checks without examples, below: 400" in page


def test_values_of_a_withheld_column_are_nowhere_in_the_page() -> None:
    phone, name, pattern, born, share = SECRETS
    checks = [
        stored(CheckType.IN_SET, "phone", arguments={"values": [phone]}, examples=(Example(3, phone),)),
        stored(CheckType.BETWEEN, "born", arguments={"minimum": born, "maximum": born}),
        stored(CheckType.MATCHES, "name", arguments={"pattern": pattern}, error=f"no match for {name}"),
        stored(
            CheckType.CONTAINS_ALL,
            "name",
            evaluated=1,
            satisfied=0,
            arguments={"values": [name]},
            observed={"absent": [name]},
        ),
        stored(
            CheckType.DISTRIBUTION,
            "name",
            evaluated=1,
            satisfied=0,
            observed={"distance": "0.25"},
            arguments={"baseline": {"kind": "categories", "shares": {name: share}}, "maximum": "0.2"},
        ),
        stored(
            CheckType.SQL,
            arguments={"statement": f"SELECT * FROM revision WHERE name = '{name}'"},
            examples=(Example(1, name),),
        ),
        stored(CheckType.UNIQUE_TOGETHER, "station", "phone", examples=(Example(2, f"S1, {phone}"),)),
        stored(
            CheckType.EXPECTATION, "name", arguments={"type": "expect_x", "arguments": {"value_set": [name]}}
        ),
        stored(
            CheckType.EXPECTATION,
            "name",
            arguments={"type": "expect_column_values_to_not_be_in_set", "arguments": {"values": [name]}},
        ),
    ]
    read = ReportRead.of(report(*checks), {"phone", "name", "born"})
    whole = read.model_dump_json()
    shown = [ComparedCheckRead.of(one) for one in compare([], [one.model_dump() for one in read.checks])]
    for told in (whole, render(read, facts(), "zh"), render(read, facts(), "en"), str(shown)):
        assert [secret for secret in SECRETS if secret in told] == []
    assert [check.satisfied for check in read.checks] == [check["satisfied"] for check in checks]
    assert "values withheld" in render(read, facts(), "en")
    assert "born is within its bounds: 2 of 60 rows lie outside" in {one.sentence_en for one in read.checks}


def test_what_a_check_of_an_open_column_says_stays() -> None:
    checks = [
        stored(CheckType.BETWEEN, "pm25", arguments={"minimum": "0", "maximum": "500"}),
        stored(
            CheckType.ROW_COUNT, evaluated=1, satisfied=1, arguments={"minimum": "10"}, observed={"rows": 60}
        ),
    ]
    read = ReportRead.of(report(*checks), {"phone"})
    assert [check.arguments for check in read.checks] == [check["arguments"] for check in checks]
    assert read.checks[1].observed == {"rows": 60}
    assert "500" in read.checks[0].sentence_en


def test_the_policy_names_the_style_sheet_and_nothing_else() -> None:
    assert "'unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize(("language", "name"), [("zh", "数据质量"), ("en", "Data quality")])
def test_a_badge_is_a_small_picture_with_its_words(language: str, name: str) -> None:
    tree = lxml.etree.fromstring(badge("A", Decimal("0.999999"), language).encode())
    assert name in tree.xpath("string(.)")
    assert "A · 99.9 %" in tree.xpath("string(.)")
    assert tree.get("height") == "20"


def test_shares_are_cut_and_not_rounded_up() -> None:
    assert [percent(Decimal(text)) for text in ("0.999999", "1", "0", "0.07")] == [
        "99.99 %",
        "100.00 %",
        "0.00 %",
        "7.00 %",
    ]


def test_a_report_from_before_checks_had_names_is_read() -> None:
    old = {
        "type": "not_null",
        "columns": ["pm25"],
        "dimension": "completeness",
        "arguments": {},
        "severity": "warning",
        "allowed_share": "0.05",
        "status": "passed",
        "counts": "rows",
        "evaluated": 60,
        "satisfied": 60,
        "examples": [],
        "error": None,
        "sentence_zh": "pm25 有值",
        "sentence_en": "pm25 is not missing",
    }
    read = ReportRead.of(report(old)).checks[0]
    assert (read.name, str(read.tolerance.limit), read.missing) == ("not_null:pm25", "5.00", 0)
    assert completed(old)["scored"] is True
