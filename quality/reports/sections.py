"""The checks of a report on its page: what failed with its examples, then all of them by dimension. Pure."""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from infra.messages import Message
from quality.checks import CheckStatus, Severity
from quality.reports import charts
from quality.reports.concealment import WITHHELD
from quality.reports.markup import element
from quality.reports.schemas import CheckRead, ReportRead
from quality.reports.wording import Wording
from quality.runs.states import ReportStatus

_CARDS = 100
"""Failed checks shown with their examples; the tables below hold every check."""

_BAD = frozenset({CheckStatus.FAILED, CheckStatus.ERROR})


def failed_checks(report: ReportRead, w: Wording) -> Element:
    """What failed or could not be carried out, blocking checks first, each with rows that show it."""
    checks = report.checks
    bad = [check for check in checks if check.status in _BAD]
    bad.sort(key=lambda check: check.severity is not Severity.BLOCKING)
    more = len(bad) - _CARDS
    return element(
        "section",
        element("h2", w(Message("What needs attention"))),
        element("p", " ".join(_notes(report, bad, w)), class_="note") if bad else None,
        *(_card(check, w) for check in bad[:_CARDS]),
        element("p", w(Message("failed checks without examples, below: {count}", count=more)), class_="note")
        if more > 0
        else None,
        element("p", w(_nothing(checks)), class_="faint") if not bad else None,
        id="failed",
    )


def _notes(report: ReportRead, bad: Sequence[CheckRead], w: Wording) -> Iterator[str]:
    """How to read the failed checks."""
    if report.status is ReportStatus.PASSED:
        yield w(
            Message(
                "The revision passed all the same: these are warnings, and none misses its tolerance by more than the"
                " gate allows."
            )
        )
    if any(check.examples for check in bad):
        yield w(
            Message(
                "Of each check the first failing rows are shown. Rows are counted from 1, without the line of headings."
            )
        )


def _nothing(checks: Sequence[CheckRead]) -> Message:
    return Message("Every check passed.") if checks else Message("There were no checks.")


def all_checks(report: ReportRead, w: Wording) -> Iterator[Element]:
    """A section for each dimension that has checks, with all of them."""
    heads = (
        Message("Result"),
        Message("Check"),
        Message("As they should be"),
        Message("Looked at"),
        Message("Missing"),
        Message("Tolerance"),
        Message("Severity"),
        Message("Owner"),
    )
    for one in report.dimensions:
        checks = [check for check in report.checks if check.dimension is one.dimension]
        if not checks and not one.evaluated:
            continue
        title = w.of(one.dimension)
        figures = w(Message("not measured")) if one.value is None else charts.percent(one.value)
        observed = Message("There are no checks in this dimension: the service itself observes it.")
        yield element(
            "section",
            element("h2", title, " ", element("span", figures, class_="faint")),
            w.table(heads, [_line(check, w) for check in checks], figure_columns={2, 3, 4}, class_="checks")
            if checks
            else element("p", w(observed), class_="faint"),
            id=one.dimension.value,
        )


def _card(check: CheckRead, w: Wording) -> Element:
    tags = [
        w.of(check.severity),
        w.of(check.dimension),
        w(Message("owner: {name}", name=_owner(check, w))),
        w(Message("values withheld")) if _is_concealed(check) else None,
    ]
    return element(
        "article",
        element("h3", element("bdi", w.sentence(check))),
        element("p", *(element("span", tag, class_="tag") for tag in tags if tag), class_="tags"),
        _examples(check, w) if check.examples else None,
        class_=check.severity.value,
    )


def _examples(check: CheckRead, w: Wording) -> Element:
    """Failing rows with what they hold; their positions alone where the values are missing or are whole rows."""
    if not any(example.value for example in check.examples):
        rows = ("、" if w.language == "zh" else "; ").join(f"{one.row:,}" for one in check.examples)
        return element("p", w(Message("For example in rows {rows}", rows=rows)))
    lines = [
        element(
            "tr",
            element("td", f"{example.row:,}", class_="figure"),
            element(
                "td",
                element("code", element("bdi", example.value))
                if example.value
                else element("span", w(Message("missing")), class_="faint"),
            ),
        )
        for example in check.examples
    ]
    return w.table((Message("Row"), Message("Failing value")), lines, figure_columns={0})


def _line(check: CheckRead, w: Wording) -> Element:
    passed = check.status is CheckStatus.PASSED
    share = Message(
        "{satisfied} of {evaluated}", satisfied=f"{check.satisfied:,}", evaluated=f"{check.evaluated:,}"
    )
    return element(
        "tr",
        element("td", w.of(check.status), class_=f"status {check.status}"),
        element(
            "td",
            element("bdi", w.sentence(check)),
            charts.share(check.satisfied, check.evaluated, passed=passed, title=w(share))
            if check.evaluated > 1
            else None,
            class_="claim",
        ),
        _cell(f"{check.satisfied:,}", w(Message("As they should be")), figure=True),
        _cell(f"{check.evaluated:,}", w(Message("Looked at")), figure=True),
        _cell(f"{check.missing:,}", w(Message("Missing")), figure=True),
        _cell(w.tolerance(check.tolerance), w(Message("Tolerance"))),
        _cell(w.of(check.severity), w(Message("Severity"))),
        _cell(_owner(check, w), w(Message("Owner"))),
    )


def _cell(text: str, name: str, *, figure: bool = False) -> Element:
    """A cell that says its column's name itself where the table is shown as a list."""
    return element("td", element("bdi", text), data_label=name, class_="figure" if figure else None)


def _owner(check: CheckRead, w: Wording) -> str:
    return check.owner or w(Message("operator"))


def _is_concealed(check: CheckRead) -> bool:
    hidden = (WITHHELD, [WITHHELD])
    return any(value in hidden for value in check.arguments.values()) or any(
        one.value == WITHHELD for one in check.examples
    )
