"""How what the service found is put for readers. Pure."""

from collections.abc import Sequence
from uuid import UUID

from listings.quality_reports.service import AccessedReport, Comparison, PageExtras, TrendPoint
from quality.reports.page import PageFacts
from quality.reports.schemas import (
    ComparedCheckRead,
    ComparedReportRead,
    ComparisonRead,
    DimensionRead,
    ReportRead,
    TrendPointRead,
    TrendRead,
)
from quality.reports.wording import moment


def trend_read(product_id: UUID, points: Sequence[TrendPoint]) -> TrendRead:
    """Map a trend."""
    return TrendRead(product_id=product_id, points=[_point(point) for point in points])


def comparison_read(accessed: AccessedReport, compared: Comparison) -> ComparisonRead:
    """Map a comparison."""
    earlier, report = compared.before, accessed.report
    return ComparisonRead(
        before=ComparedReportRead(
            revision_id=earlier.revision.id,
            number=earlier.revision.number,
            measured_at=earlier.report.measured_at,
            status=earlier.report.status,
            grade=earlier.report.grade,
            score=earlier.report.score,
        ),
        after=ComparedReportRead(
            revision_id=accessed.revision.id,
            number=accessed.revision.number,
            measured_at=report.measured_at,
            status=report.status,
            grade=report.grade,
            score=report.score,
        ),
        checks=[ComparedCheckRead.of(one) for one in compared.checks],
    )


def report_read(accessed: AccessedReport) -> ReportRead:
    """Map a report as its reader may read it."""
    return ReportRead.of(accessed.report, accessed.withheld, accessed.waiver)


def page_facts(accessed: AccessedReport, extras: PageExtras, path: str) -> PageFacts:
    """What the page says of the revision besides its report.

    :param path: of the page itself.
    """
    product, revision = accessed.product, accessed.revision
    return PageFacts(
        title_zh=product.title_zh,
        title_en=product.title_en,
        number=revision.number,
        rows=revision.rows,
        uploaded_at=moment(revision.uploaded_at),
        json_path=path.removesuffix(".html"),
        languages={language: f"{path}?lang={language}" for language in ("zh", "en")},
        has_account=path.startswith("/v1/revisions/"),
        suite=extras.suite,
        weights=extras.weights,
        trend=[_point(point) for point in extras.points],
        comparison=None if extras.comparison is None else comparison_read(accessed, extras.comparison),
    )


def _point(point: TrendPoint) -> TrendPointRead:
    row, report = point.revision, point.report
    return TrendPointRead(
        revision_id=row.id,
        number=row.number,
        uploaded_at=row.uploaded_at,
        rows=row.rows,
        measured_at=report.measured_at,
        status=report.status,
        grade=report.grade,
        score=report.score,
        dimensions=[DimensionRead.of(item) for item in report.dimensions],
    )
