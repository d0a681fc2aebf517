"""Which failed report can be waived: the newest of a revision, or that of the trial of an open edition's suite."""

from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.messages import Message
from listings.editions import service as editions
from listings.products.tables import DataProduct
from listings.revisions import service as revisions
from listings.revisions.tables import ProductRevision
from listings.suites import trials
from quality.runs import service as quality
from quality.runs.states import QualityStatus
from quality.waivers.errors import WaiverStateForbids


async def get_failed_report(
    session: AsyncSession, actor: Actor, product: DataProduct, row: ProductRevision, report_id: UUID | None
) -> quality.Report:
    """The failed report that an actor names.

    :param product: locked.
    :param report_id: None for the newest of the revision.
    :raises WaiverStateForbids: it did not fail, or another has taken its place.
    """
    newest = await quality.find_report(session, row.id)
    if report_id is None or (newest is not None and newest.id == report_id):
        return await _require_failed(session, row, newest)
    tried = await _find_trial_report(session, actor, product, row.id)
    if tried is None or tried.id != report_id:
        raise WaiverStateForbids(
            Message(
                "The report is neither the newest of the revision nor that of the trial of an open edition's suite."
            ),
            remedy=Message(
                "GET /v1/revisions/{revision_id}/quality-report shows the newest, GET"
                " /v1/products/{product_id}/quality-suite the trial.",
                revision_id=row.id,
                product_id=product.id,
            ),
        )
    if tried.passed:
        raise WaiverStateForbids(
            Message("The data that buyers read has passed the trial."),
            remedy=Message("Nothing is left to be waived; the edition can be approved."),
        )
    return tried


async def may_be_waived(
    session: AsyncSession, product: DataProduct, revision_id: UUID, report_id: UUID
) -> bool:
    """Whether a failed report still is one of those that can be waived."""
    newest = await quality.find_report(session, revision_id)
    if newest is not None and newest.id == report_id:
        return True
    found = await trials.find_open_trial(session, product)
    if found is None or found[1].revision.id != revision_id:
        return False
    report = found[1].trial.report
    return report is not None and report.id == report_id


async def _find_trial_report(
    session: AsyncSession, actor: Actor, product: DataProduct, revision_id: UUID
) -> quality.Report | None:
    found = await trials.find_open_trial(session, product)
    if found is None or found[1].revision.id != revision_id:
        return None
    try:
        await editions.access_edition(session, actor, found[0].id)
    except NotFound:
        return None
    return found[1].trial.report


async def _require_failed(
    session: AsyncSession, row: ProductRevision, report: quality.Report | None
) -> quality.Report:
    status = (await revisions.get_quality_statuses(session, [row])).get(row.id)
    # A waived report counts as passed, and is refused by name where it is asked for again.
    if report is None or report.passed or status not in (QualityStatus.FAILED, QualityStatus.PASSED):
        raise WaiverStateForbids(
            Message("The newest quality check of the revision has not come to a report that failed."),
            remedy=Message(
                "Only a failed report can be waived; a check that has not finished is waited for."
            ),
        )
    return report
