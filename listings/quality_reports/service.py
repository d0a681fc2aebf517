"""Use cases of reading quality reports: who may read which, and which columns tell no values to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.catalogue import service as catalogue
from listings.products import service as products
from listings.products.dictionary import concealed_columns
from listings.products.tables import DataProduct
from listings.revisions import service as revisions
from listings.revisions.disclosure import get_disclosure
from listings.revisions.service import no_such_revision
from listings.revisions.tables import ProductRevision
from quality.checks import Dimension
from quality.reports.comparison import ComparedCheck, compare
from quality.reports.concealment import conceal, gone_columns
from quality.reports.schemas import completed
from quality.runs import service as quality
from quality.runs.judging import scale_of
from quality.runs.states import QualityStatus
from quality.runs.tables import ReportSummary
from quality.suites import service as suites
from quality.waivers import service as waivers
from quality.waivers.tables import QualityWaiver

TREND = 50
"""Newest revisions that a trend goes over."""

COMPARABLE = 20
"""Revisions before one that are looked at for a report to compare it with."""


@dataclass(frozen=True, slots=True)
class AccessedReport:
    """A report that somebody may read.

    :ivar inside: whether the reader can access the product itself, and so sees every value and every revision.
    :ivar withheld: columns whose values the reader may not see in it; None for one inside.
    :ivar waiver: by which the revision counts as passed now although the report failed.
    """

    product: DataProduct
    revision: ProductRevision
    report: quality.Report
    inside: bool
    withheld: frozenset[str] | None
    waiver: QualityWaiver | None


@dataclass(frozen=True, slots=True)
class PageExtras:
    """What the page shows besides the report.

    :ivar suite: number of the version of the suite; None of reports from before there were any.
    :ivar weights: of each dimension, as they were when the report was written.
    """

    points: "list[TrendPoint]"
    comparison: "Comparison | None"
    suite: int | None
    weights: Mapping[Dimension, Decimal]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One revision with what came of its check."""

    revision: ProductRevision
    report: ReportSummary


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report beside that of an earlier revision."""

    before: TrendPoint
    checks: list[ComparedCheck]


async def get_report(session: AsyncSession, actor: Actor, revision_id: UUID) -> AccessedReport:
    """The quality report of a revision: open to everybody while its product is on the market, once it has passed.

    :raises NotFound: there is no such revision the actor can access, or no report yet.
    """
    row = await revisions.find_row(session, revision_id)
    product, inside = await _find_readable(session, actor, row.product_id)
    if product is None or not (inside or await _is_open(session, row)):
        raise no_such_revision()
    report = await quality.find_report(session, row.id)
    if report is None:
        raise NotFound(
            Message("The quality check has not finished."), remedy=Message("Ask again in a moment.")
        )
    return await _accessed(session, product, row, report, inside=inside)


async def get_public_report(session: AsyncSession, product_id: UUID) -> AccessedReport:
    """The report of the revision that buyers read now, as anybody may read it.

    :raises NotFound: the product is not on the market now, or none of its revisions can be read.
    """
    product = await catalogue.get_on_market(session, product_id)
    await catalogue.get_tradeable_product(session, product_id, await rulebook.in_force(session))
    row, report = await revisions.get_current_report(session, product_id)
    return await _accessed(session, product, row, report, inside=False)


async def _find_readable(
    session: AsyncSession, actor: Actor, product_id: UUID
) -> tuple[DataProduct | None, bool]:
    """A product the actor can access, or which is on the market, and whether the actor can access it."""
    product = await products.find_visible(session, actor, product_id)
    if product is not None:
        return product, True
    return await products.find_on_market(session, product_id), False


async def _accessed(
    session: AsyncSession,
    product: DataProduct,
    row: ProductRevision,
    report: quality.Report,
    *,
    inside: bool,
) -> AccessedReport:
    withheld = None if inside else await _withheld(session, product, row, report)
    waiver = (await waivers.find_in_force(session, [report.id])).get(report.id)
    return AccessedReport(product, row, report, inside, withheld, waiver)


async def _withheld(
    session: AsyncSession, product: DataProduct, row: ProductRevision, report: quality.Report
) -> frozenset[str]:
    """Columns of which a report tells no value to those who cannot access the product."""
    dictionary = (await get_disclosure(session, product, row)).dictionary
    promised = await revisions.find_newest_promised(session, product.id)
    # Of what later data have not any more, nobody may describe now that it was personal.
    here = {column["name"] for column in (promised or row).columns}
    here |= products.get_described_columns(product).keys()
    gone = gone_columns(report.checks, here & {entry.name for entry in dictionary})
    return frozenset(concealed_columns(dictionary) | gone)


async def get_extras(session: AsyncSession, accessed: AccessedReport) -> PageExtras:
    """What the page shows besides the report, as its reader may see it."""
    report = accessed.report
    weights: Mapping[Dimension, Decimal] = {}
    if report.product_class is not None:
        rules = await rulebook.in_force(session, report.measured_at)
        weights = scale_of(rules, report.product_class).weights
    suite = await suites.find(session, report.suite_id)
    return PageExtras(
        points=await list_points(session, accessed.product.id, inside=accessed.inside),
        comparison=await compare_with_last(session, accessed),
        suite=suite.number if suite else None,
        weights=weights,
    )


async def get_trend(session: AsyncSession, actor: Actor, product_id: UUID) -> list[TrendPoint]:
    """The quality of the newest revisions of a product, oldest first.

    Whoever can access the product sees every revision that was measured; others, while it is on the market, those
    that buyers read or could have read.

    :raises NotFound: there is no such product for the actor.
    """
    product, inside = await _find_readable(session, actor, product_id)
    if product is None:
        raise NotFound(
            Message("There is no such product."),
            remedy=Message(
                "GET /v1/products lists those you can access; GET /v1/catalogue those on the market."
            ),
        )
    return await list_points(session, product_id, inside=inside)


async def list_points(session: AsyncSession, product_id: UUID, *, inside: bool) -> list[TrendPoint]:
    """As `get_trend`, without asking who may."""
    if inside:
        rows: Sequence[ProductRevision] = await revisions.list_newest(session, product_id, TREND)
    else:
        rows = (await revisions.list_passed(session, product_id))[:TREND]
        stopped = {stop.subject_id for stop in await stops.active(session, [row.id for row in rows])}
        rows = [
            row
            for row in rows
            if row.id not in stopped and not await revisions.is_revision_withheld(session, row.id)
        ]
    found = await quality.get_summaries(session, [row.id for row in rows])
    points = [TrendPoint(row, found[row.id]) for row in rows if row.id in found]
    return sorted(points, key=lambda point: point.revision.number)


async def compare_with_last(session: AsyncSession, accessed: AccessedReport) -> Comparison | None:
    """A report beside that of the revision before it that was measured; None where there is none the reader may see.

    Those who cannot access the product compare with what buyers read or could have read. Values of columns that are
    concealed in either revision are withheld in both.
    """
    rows = await revisions.list_before(session, accessed.revision, COMPARABLE)
    found = await quality.get_summaries(session, [row.id for row in rows])
    for row in rows:
        if row.id not in found or not (accessed.inside or await _is_open(session, row)):
            continue
        report = await quality.find_report(session, row.id)
        assert report is not None, "it has a summary"
        withheld = accessed.withheld
        if withheld is not None:
            withheld |= await _withheld(session, accessed.product, row, report)
        compared = compare(_checks(report), _checks(accessed.report))
        return Comparison(TrendPoint(row, found[row.id]), [_concealed(one, withheld) for one in compared])
    return None


async def _is_open(session: AsyncSession, row: ProductRevision) -> bool:
    """Whether those who cannot access the product may read of this revision: buyers read it or could have read it."""
    statuses = await revisions.get_quality_statuses(session, [row])
    return (
        statuses.get(row.id) is QualityStatus.PASSED
        and await revisions.is_released(session, row)
        and not await stops.active(session, [row.id])
        and not await revisions.is_revision_withheld(session, row.id)
    )


def _checks(report: quality.Report) -> list[dict[str, object]]:
    return [completed(check) for check in report.checks]


def _concealed(compared: ComparedCheck, withheld: frozenset[str] | None) -> ComparedCheck:
    sides = [
        None if side is None else conceal([side], withheld)[0] for side in (compared.before, compared.after)
    ]
    return ComparedCheck(compared.name, compared.change, sides[0], sides[1])
