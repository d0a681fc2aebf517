"""A suite that an edition is to put in force is tried first on the data that buyers read: nobody loses it unawares."""

from dataclasses import dataclass

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession
from infra.messages import Message
from listings.products.tables import DataProduct
from listings.revisions import checking
from listings.revisions import service as revisions
from listings.revisions.tables import ProductRevision
from listings.suites.errors import SuiteUntried
from quality.runs import service as quality
from quality.runs.states import QualityStatus
from quality.suites.service import Suite


@dataclass(frozen=True, slots=True)
class TriedSuite:
    """How the data that buyers read fares by a suite that is not in force."""

    revision: ProductRevision
    trial: quality.Trial


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
    return TriedSuite(served, trial)


async def require_tried(
    session: AsyncSession, product: DataProduct, suite: Suite, *, reviewing: bool
) -> None:
    """Refuse to put a suite in force by which the data that buyers read would not pass.

    :param product: published, and locked.
    :param reviewing: whether it is decided now, so that a trial that has not ended does not do.
    :raises SuiteUntried: it failed, could not be carried out, or has not ended.
    """
    if suite.id == product.quality_suite_id:
        return
    if await revisions.find_newest_passed(session, product.id) is None:
        return
    tried = await find_trial(session, product, suite)
    if tried is not None and tried.trial.status is QualityStatus.PASSED:
        return
    remedy = Message(
        "GET /v1/products/{product_id}/quality-suite shows the trial. Change the suite, or upload data that passes both"
        " that one and the one in force.",
        product_id=product.id,
    )
    if tried is None or tried.trial.status is QualityStatus.CHECKING:
        if reviewing:
            raise SuiteUntried(
                Message("The trial of the quality suite on the data that buyers read has not ended."),
                remedy=Message("Wait for it; a check takes seconds to minutes."),
            )
        if tried is None:
            await request_trial(session, SYSTEM, product, suite)
        return
    if tried.trial.status is QualityStatus.FAILED:
        raise SuiteUntried(
            Message("The data that buyers read does not pass the quality suite of the edition."),
            remedy=remedy,
        )
    raise SuiteUntried(
        Message(
            "The quality suite of the edition could not be tried on the data that buyers read: {reason}",
            reason=tried.trial.error or "",
        ),
        remedy=remedy,
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
