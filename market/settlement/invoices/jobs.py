"""What the worker runs for invoicing."""

from typing import Any

import structlog

from infra.auth import SYSTEM
from infra.db import transaction
from infra.jobs import JobContext, Schedule
from market.settlement.invoices import service

log = structlog.get_logger()


class PeriodsNotBilled(RuntimeError):
    """Periods that were cut could not be billed. The log says why; they are tried again."""


async def bill_cut_periods(context: JobContext, _: dict[str, Any]) -> None:
    """Bill the periods whose close ended after the cut: by a crash, or by an error that may be over.

    :raises PeriodsNotBilled: some could not be billed; the others were.
    """
    async with transaction(context.sessions) as session:
        found = await service.list_cut_periods(session)
    failed = []
    for agreement_id, period_no in found:
        try:
            async with transaction(context.sessions) as session:
                await service.bill_period(session, SYSTEM, agreement_id, period_no)
        except Exception:
            # One that cannot be billed must not keep the others from it.
            log.exception("period_not_billed", agreement_id=str(agreement_id), period_no=period_no)
            failed.append(f"{agreement_id}/{period_no}")
    if failed:
        raise PeriodsNotBilled(", ".join(failed))


SCHEDULES = (Schedule("invoices.bill", "*/5 * * * *", bill_cut_periods),)
