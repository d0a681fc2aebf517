"""The page of a report: what a person reads before buying. Pure: what is known goes in, HTML comes out.

It runs no script and loads nothing; its one style sheet stands in it, and the policy that goes with it names that sheet
by its digest. It is made of what the JSON report says to the same reader, so that it cannot tell more.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from xml.etree.ElementTree import Element

from infra.messages import Message
from quality.checks import CheckStatus, Dimension
from quality.reports import charts
from quality.reports.history import comparison_section, trend_section
from quality.reports.markup import XHTML, element, written
from quality.reports.schemas import ComparisonRead, DimensionRead, ReportRead, TrendPointRead
from quality.reports.sections import all_checks, failed_checks
from quality.reports.wording import Wording, moment
from quality.runs.states import ReportStatus

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_STYLE_DIGEST = base64.b64encode(sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
"""The Content-Security-Policy to send with the page: nothing but its own style sheet."""

_REASONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the floors above know of the revision.

    :param title_zh: of the product; ``title_en`` in English.
    :param number: of the revision.
    :param trend: oldest first; empty to leave it out.
    :param comparison: with the report before, None while there is none.
    :param suite: number of the version of the product's suite that it was judged by.
    :param weights: of each dimension, by the rules the report was written under.
    :param json_path: where the same report is as JSON.
    :param languages: addresses of this page by language.
    :param has_account: whether the reader is signed in, and can open the pages of other revisions.
    """

    title_zh: str
    title_en: str
    number: int
    rows: int
    uploaded_at: str
    json_path: str
    languages: Mapping[str, str]
    suite: int | None = None
    weights: Mapping[Dimension, Decimal] = field(default_factory=dict)
    trend: Sequence[TrendPointRead] = ()
    comparison: ComparisonRead | None = None
    has_account: bool = False


def render(report: ReportRead, facts: PageFacts, language: str) -> str:
    """The page in a language, as HTML that is also well-formed XML.

    :param report: as this reader may read it.
    """
    w = Wording(language)
    title = facts.title_zh if language == "zh" else facts.title_en
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", title, " · ", w(Message("Quality report"))),
            element("style", STYLE),
        ),
        element(
            "body",
            element(
                "main",
                _head(report, facts, w, title),
                _dimensions(report.dimensions, facts.weights, w),
                failed_checks(report, w),
                comparison_section(facts.comparison, w),
                trend_section(facts.trend, facts.number, w, links=facts.has_account),
                *all_checks(report, w),
                _evidence(report, facts, w),
            ),
        ),
        xmlns=XHTML,
        lang="zh-CN" if language == "zh" else "en",
    )
    return f"<!DOCTYPE html>\n{written(page)}\n"


def _head(report: ReportRead, facts: PageFacts, w: Wording, title: str) -> Element:
    passed = report.status is ReportStatus.PASSED
    score = Decimal(report.score)
    dial = charts.dial(
        score,
        report.grade,
        w(Message("Score {score}, grade {grade}", score=charts.percent(score), grade=report.grade)),
    )
    counts = Message(
        "{all} in all, {failed} failed, {broken} could not be carried out",
        all=f"{len(report.checks):,}",
        failed=f"{sum(check.status is CheckStatus.FAILED for check in report.checks):,}",
        broken=f"{sum(check.status is CheckStatus.ERROR for check in report.checks):,}",
    )
    repeated = Message(
        "{rows}; repeats of an earlier one: {repeated}",
        rows=f"{facts.rows:,}",
        repeated=f"{report.repeated or 0:,}",
    )
    rows: list[tuple[Message, str]] = [
        (Message("Class"), w.of(report.product_class) if report.product_class else "–"),
        (Message("Rows"), w(repeated) if report.repeated else f"{facts.rows:,}"),
        (Message("Received"), facts.uploaded_at),
        (Message("Measured"), moment(report.measured_at)),
        (Message("Checks"), w(counts)),
    ]
    return element(
        "header",
        element("p", *_tongues(facts.languages, w), class_="tongues"),
        element(
            "div",
            element(
                "div",
                element("h1", element("bdi", title)),
                element(
                    "p",
                    w(Message("Quality report of revision {number}", number=facts.number)),
                    class_="faint",
                ),
                element("p", element("span", w.of(report.status), class_=f"verdict {report.status}")),
                _reasons(report, w) if not passed else None,
                _next_steps(report, w) if not passed and report.waiver is None else None,
                _waiver(report, w),
                _cap(report, w),
                element("dl", *_pairs((w(name), text) for name, text in rows), class_="facts"),
                class_="words",
            ),
            dial,
            class_="top",
        ),
    )


def _reasons(report: ReportRead, w: Wording) -> Element:
    """Why the gate refused the revision, each reason with the sentence of its check."""
    checks = {check.name: check for check in report.checks}
    shown = []
    for refusal in report.refusals[:_REASONS_SHOWN]:
        check = checks.get(refusal.check) if refusal.check else None
        told = w.sentence(refusal)
        first, second = (w.sentence(check), told) if check else (told, None)
        shown.append(
            element(
                "li",
                element("bdi", first),
                element("div", element("bdi", second), class_="note") if second else None,
            )
        )
    more = len(report.refusals) - len(shown)
    if more > 0:
        shown.append(element("li", w(Message("reasons not shown: {count}", count=more))))
    if not shown:  # of a report from before gates gave their reasons
        shown.append(element("li", w(Message("A blocking check failed, or the grade is too low."))))
    return element("ul", *shown, class_="reasons")


def _next_steps(report: ReportRead, w: Wording) -> Element:
    """What becomes of a refused revision, and what its owner and operator can do."""
    path = f"/v1/revisions/{report.revision_id}/quality-waiver-requests"
    steps = (
        w(Message("Correct the data in the rows below and upload the file again.")),
        w(
            Message(
                "If a check asks for more than this data needs, change the suite of checks: PUT"
                " /v1/products/{product_id}/quality-suite."
            )
        ),
        w(
            Message(
                "Or ask a regulator to waive the report for a time, with a reason: POST {path}.", path=path
            )
        ),
    )
    return element(
        "div",
        element(
            "p",
            w(
                Message(
                    "This revision is not sold: buyers go on reading the last one that passed, if there is one."
                    " What can be done:"
                )
            ),
            class_="next",
        ),
        element("ul", *(element("li", step) for step in steps), class_="reasons"),
    )


def _waiver(report: ReportRead, w: Wording) -> Element | None:
    if report.waiver is None:
        return None
    told = Message(
        "A reviewer has it count as passed until {until}: {reason}",
        until=moment(report.waiver.expires_at),
        reason=report.waiver.reason,
    )
    return element("p", element("bdi", w(told)), class_="waiver")


def _cap(report: ReportRead, w: Wording) -> Element | None:
    """What the grade would be, where dimensions that were not measured have lowered it."""
    if report.uncapped_grade in {None, report.grade}:
        return None
    absent = [w.of(one.dimension) for one in report.dimensions if one.value is None]
    told = Message(
        "By its score alone the grade would be {grade}; it is capped because these were not measured: {dimensions}.",
        grade=report.uncapped_grade,
        dimensions=("、" if w.language == "zh" else ", ").join(absent),
    )
    return element("p", w(told), class_="note")


def _tongues(languages: Mapping[str, str], w: Wording) -> Iterator[Element | str]:
    names = {"zh": "中文", "en": "English"}
    others = [(code, path) for code, path in languages.items() if code != w.language]
    for place, (code, path) in enumerate(others):
        if place:
            yield " · "
        yield element("a", names[code], href=path, hreflang=code, lang=code)


def _dimensions(
    dimensions: Sequence[DimensionRead], weights: Mapping[Dimension, Decimal], w: Wording
) -> Element:
    absent = w(Message("not measured"))
    rows = [
        charts.Bar(
            w.of(one.dimension),
            None if one.value is None else Decimal(one.value),
            f"{one.satisfied:,} / {one.evaluated:,}",
        )
        for one in dimensions
    ]
    lines = [
        element(
            "tr",
            element(
                "th",
                element("a", row.name, href=f"#{one.dimension}") if one.evaluated else row.name,
                scope="row",
            ),
            element("td", one.iso_25012_zh if w.language == "zh" else one.iso_25012_en),
            element("td", f"{one.satisfied:,}" if one.evaluated else "–", class_="figure"),
            element("td", f"{one.evaluated:,}" if one.evaluated else "–", class_="figure"),
            element("td", _weight(weights.get(one.dimension)), class_="figure"),
            element("td", absent if row.value is None else charts.percent(row.value), class_="figure"),
        )
        for one, row in zip(dimensions, rows, strict=True)
    ]
    heads = (
        Message("Dimension (GB/T 36344)"),
        "ISO/IEC 25012",
        Message("A: as they should be"),
        Message("B: looked at"),
        Message("Weight"),
        "X = A/B",
    )
    return element(
        "section",
        element("h2", w(Message("Six dimensions"))),
        charts.bars(rows, w(Message("Share of what is as it should be, by dimension")), absent)
        if rows
        else None,
        w.table(heads, lines, figures=4),
        element(
            "p",
            w(
                Message(
                    "The score is the weighted mean of the dimensions that were measured. A dimension without evidence"
                    " counts as not measured, not as perfect."
                )
            ),
            class_="note",
        ),
        id="dimensions",
    )


def _weight(weight: Decimal | None) -> str:
    return "–" if weight is None else f"{weight.normalize():f}"


def _evidence(report: ReportRead, facts: PageFacts, w: Wording) -> Element:
    rules = " ".join(f"{rule.key}@{rule.version}" for rule in report.rules)
    pairs: list[tuple[str, str | Element]] = [
        (w(Message("Checked by")), report.engine),
        (
            w(Message("Suite of checks")),
            w(Message("version {number}", number=facts.suite)) if facts.suite else "–",
        ),
        (w(Message("Rules")), element("code", rules or "–")),
        (w(Message("Report")), element("code", str(report.id))),
        (w(Message("Revision")), element("code", str(report.revision_id))),
        (w(Message("SHA-256 of the report")), element("code", report.digest or "–")),
    ]
    return element(
        "footer",
        element("h2", w(Message("What it rests on"))),
        element("dl", *_pairs(pairs), class_="facts"),
        element(
            "p",
            w(
                Message(
                    "The report is kept as it was written, and its digest is in the audit log. Failing values are"
                    " masked, and values of personal columns are withheld."
                )
            ),
            class_="note",
        ),
        element("p", element("a", w(Message("The same as JSON")), href=facts.json_path), class_="note"),
        id="evidence",
    )


def _pairs(
    rows: "Iterator[tuple[str, str | Element]] | Sequence[tuple[str, str | Element]]",
) -> Iterator[Element]:
    for name, text in rows:
        yield element("dt", name)
        yield element("dd", text)
