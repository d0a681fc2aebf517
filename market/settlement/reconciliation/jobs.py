"""Background work of reconciliation: every night, everything is compared that can be."""

from typing import Any

import structlog

from infra.auth import SYSTEM
from infra.db import AsyncSession, transaction
from infra.jobs import JobContext, Schedule
from infra.samples import Sample
from market.settlement.reconciliation import service

log = structlog.get_logger()


async def reconcile(context: JobContext, _: dict[str, Any]) -> None:
    """Run every check and record what was found. Nothing repairs itself: a person has to look."""
    async with transaction(context.sessions) as session:
        run = await service.reconcile(session, context.sessions, SYSTEM)
    for item in run.breaks:
        log.error(
            "reconciliation_break",
            reconciliation_id=str(run.reconciliation.id),
            kind=item.kind.value,
            subject=item.subject,
            explanation=item.explanation,
        )


async def breaks(session: AsyncSession) -> dict[str, int]:
    """Breaks of the latest run, by kind."""
    return await service.count_breaks(session)


SCHEDULES = (Schedule("reconciliation.nightly", "7 4 * * *", reconcile),)
SAMPLES = (
    Sample("market.reconciliation.breaks", "Breaks found by the latest reconciliation", "", "kind", breaks),
)
