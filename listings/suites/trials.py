"""A suite that an edition is to put in force is tried first on the data that buyers read: nobody loses it unawares."""

from dataclasses import dataclass
from uuid import UUID

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession
from infra.messages import Message
from listings.editions import service as editions
from listings.editions.domain import SUITE
from listings.editions.tables import ProductEdition
from listings.products.tables import DataProduct
from listings.revisions import checking
from listings.revisions import service as revisions
from listings.revisions.tables import ProductRevision
from listings.suites.errors import SuiteUntried
from quality.runs import service as quality
from quality.runs.states import QualityStatus
from quality.suites import service as suites
from quality.suites.service import Suite
from quality.waivers import service as waivers
from quality.waivers.tables import QualityWaiver


@dataclass(frozen=True, slots=True)
class TriedSuite:
    """How the data that buyers read fares by a suite that is not in force.

    :ivar waiver: by which the trial's report, which failed, is no hindrance now.
    """

    revision: ProductRevision
    trial: quality.Trial
    waiver: QualityWaiver | None


async def request_trial(session: AsyncSession, actor: Actor, product: DataProduct, suite: Suite) -> None:
    """Have a suite tried on what buyers read; nothing where they read nothing.

    :param product: locked.
    """
    served = await revisions.find_newest_passed(session, product.id)
    if served is not None:
        await checking.request_run(session, actor, product, served, suite.id, trial=True)


async def find_trial(session: AsyncSession, product: DataProduct, suite: Suite) -> TriedSuite | None:
    """How what buyers read fares by a suite; None where that was never asked for, or they read nothing."""
    served = await revisions.find_newest_passed(session, product.id)
    trial = await quality.find_trial(session, served.id, suite.id) if served is not None else None
    if served is None or trial is None:
        return None
    report = trial.report
    waiver = (
        (await waivers.find_in_force(session, [report.id])).get(report.id) if report is not None else None
    )
    return TriedSuite(served, trial, waiver)


async def get_named_suite(session: AsyncSession, edition: ProductEdition) -> Suite | None:
    """The suite that an edition names; None of one from before there were suites."""
    named = edition.document.get(SUITE)
    return await suites.find(session, UUID(named) if named else None)


async def find_open_trial(
    session: AsyncSession, product: DataProduct
) -> tuple[ProductEdition, TriedSuite] | None:
    """A product's open edition, and how what buyers read fares by the suite that it is to put in force."""
    edition = await editions.find_open(session, product.id)
    suite = await get_named_suite(session, edition) if edition is not None else None
    if edition is None or suite is None or suite.id == product.quality_suite_id:
        return None
    tried = await find_trial(session, product, suite)
    return (edition, tried) if tried is not None else None


async def require_tried(
    session: AsyncSession, product: DataProduct, suite: Suite, *, reviewing: bool
) -> None:
    """Refuse to put a suite in force by which the data that buyers read would not pass, unless that is waived.

    What fails its trial may be submitted once a waiver of the trial's report was asked for, and is approved once it was
    granted: buyers then go on reading while the waiver lasts.

    :param product: published, and locked.
    :param reviewing: whether it is decided now, so that a trial that has not ended does not do.
    :raises SuiteUntried: it failed and is not waived, could not be carried out, or has not ended.
    """
    if suite.id == product.quality_suite_id:
        return
    if await revisions.find_newest_passed(session, product.id) is None:
        return
    tried = await find_trial(session, product, suite)
    if tried is not None and tried.trial.status is QualityStatus.PASSED:
        return
    if tried is None or tried.trial.status is QualityStatus.CHECKING:
        if reviewing:
            raise SuiteUntried(
                Message("The trial of the quality suite on the data that buyers read has not ended."),
                remedy=Message("Wait for it; a check takes seconds to minutes."),
            )
        if tried is None:
            await request_trial(session, SYSTEM, product, suite)
        return
    report = tried.trial.report
    if report is not None:
        if tried.waiver is not None or (not reviewing and await waivers.is_requested(session, report.id)):
            return
        raise SuiteUntried(
            Message("The data that buyers read does not pass the quality suite of the edition."),
            remedy=Message(
                "GET /v1/products/{product_id}/quality-suite shows the trial. Change the suite, upload data that passes"
                " both that one and the one in force, or have a regulator waive the trial's report for a time: POST"
                " /v1/revisions/{revision_id}/quality-waiver-requests with the report_id {report_id}.",
                product_id=product.id,
                revision_id=tried.revision.id,
                report_id=report.id,
            ),
        )
    raise SuiteUntried(
        Message(
            "The quality suite of the edition could not be tried on the data that buyers read: {reason}",
            reason=tried.trial.error or "",
        ),
        remedy=Message(
            "Set the same suite again with PUT /v1/products/{product_id}/quality-suite, which repeats the trial, or"
            " change it.",
            product_id=product.id,
        ),
    )


async def rejudge(
    session: AsyncSession, actor: Actor, product: DataProduct, served: ProductRevision | None
) -> None:
    """Judge what buyers read, and the newest revision, by the suite that has come into force.

    :param product: locked; the suite is its own by now.
    :param served: what buyers read until now; its trial counts from here on.
    """
    assert product.quality_suite_id is not None
    if served is not None:
        await checking.request_run(session, actor, product, served, product.quality_suite_id)
    newest = await revisions.find_newest(session, product.id)
    if newest is not None and (served is None or newest.id != served.id):
        row = await revisions.find_row(session, newest.id)
        if row.purged_at is None:
            await checking.request_run(session, actor, product, row, product.quality_suite_id)
