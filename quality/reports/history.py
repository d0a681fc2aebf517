"""A revision beside the earlier ones on the page of its report: what changed since the last, and the trend. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from xml.etree.ElementTree import Element

from infra.messages import Message
from quality.reports import charts
from quality.reports.comparison import CheckChange
from quality.reports.markup import element
from quality.reports.schemas import ComparisonRead, TrendPointRead
from quality.reports.wording import Wording, moment
from quality.runs.states import ReportStatus

_CHANGES_SHOWN = 40


def comparison_section(compared: ComparisonRead | None, w: Wording) -> Element | None:
    """What came out otherwise than at the revision before; None where there is none."""
    if compared is None:
        return None
    changed = [one for one in compared.checks if one.change is not CheckChange.UNCHANGED]
    lines = [
        element(
            "tr",
            element("td", w.of(one.change), class_=f"status {one.change}"),
            element(
                "td",
                element("bdi", w.sentence(one.before)) if one.before else "–",
                class_="claim",
                data_label=w(Message("Before")),
            ),
            element(
                "td",
                element("bdi", w.sentence(one.after)) if one.after else "–",
                class_="claim",
                data_label=w(Message("Now")),
            ),
        )
        for one in changed[:_CHANGES_SHOWN]
    ]
    before, after = compared.before, compared.after
    summary = Message(
        "Revision {earlier} had grade {grade_before} and {score_before}; this one has {grade_after} and {score_after}.",
        earlier=before.number,
        grade_before=before.grade,
        score_before=charts.percent(Decimal(before.score)),
        grade_after=after.grade,
        score_after=charts.percent(Decimal(after.score)),
    )
    more = len(changed) - len(lines)
    return element(
        "section",
        element("h2", w(Message("Since revision {number}", number=before.number))),
        element("p", w(summary)),
        w.table((Message("Change"), Message("Before"), Message("Now")), lines, class_="checks")
        if lines
        else element("p", w(Message("Every check came out as before.")), class_="faint"),
        element("p", w(Message("changes not shown: {count}", count=more)), class_="note")
        if more > 0
        else None,
        id="comparison",
    )


def _revision(one: TrendPointRead, number: int, w: Wording, *, links: bool) -> Element | str:
    """The number of a revision, with the way to its page."""
    if not links or one.number == number:
        return str(one.number)
    href = f"/v1/revisions/{one.revision_id}/quality-report.html?lang={w.language}"
    return element("a", str(one.number), href=href)


def trend_section(
    points: Sequence[TrendPointRead], number: int, w: Wording, *, links: bool
) -> Element | None:
    """Score and grade of each revision, as a chart and a table; None without revisions.

    :param number: of the revision whose page it is.
    :param links: whether the reader can open the pages of the others.
    """
    if not points:
        return None
    drawn = [
        charts.Point(one.number, Decimal(one.score), one.grade, one.status is ReportStatus.PASSED)
        for one in points
    ]
    lines = [
        element(
            "tr",
            element("th", _revision(one, number, w, links=links), scope="row"),
            element("td", moment(one.measured_at)),
            element("td", f"{one.rows:,}", class_="figure"),
            element("td", charts.percent(Decimal(one.score)), class_="figure"),
            element("td", one.grade),
            element("td", w.of(one.status), class_=f"status {one.status}"),
        )
        for one in reversed(points)
    ]
    heads = (
        Message("Revision"),
        Message("Measured"),
        Message("Rows"),
        Message("Score"),
        Message("Grade"),
        Message("Status"),
    )
    return element(
        "section",
        element("h2", w(Message("Over the revisions"))),
        *(
            (
                charts.trend(drawn, w(Message("Score of each revision"))),
                element(
                    "p",
                    w(
                        Message(
                            "Upwards the score, from left to right the revisions by number; a circle passed, a cross"
                            " failed."
                        )
                    ),
                    class_="note",
                ),
            )
            if len(points) > 1
            else ()
        ),
        w.table(heads, lines, figure_columns={2, 3}),
        id="trend",
    )
