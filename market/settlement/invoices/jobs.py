"""What the worker runs for invoicing."""

from typing import Any
from uuid import UUID

import structlog

from infra.auth import SYSTEM
from infra.db import transaction
from infra.jobs import JobContext, Schedule
from market.metering import service as metering
from market.settlement.invoices import billing

log = structlog.get_logger()

_AT_ONCE = 200
_NAMED = 20


class PeriodsNotBilled(RuntimeError):
    """Periods that are over could not be cut or billed. The log says why; they are tried again."""


async def bill_periods(context: JobContext, _: dict[str, Any]) -> None:
    """Cut the periods that are over, and bill all that is cut and not billed, each agreement's in order.

    A period with calls that are not accounted for yet waits for the next run.

    So every month is closed soon after its end, after an outage of months each by itself, and what a crash or an error
    left between the cut and the bill is billed too.

    :raises PeriodsNotBilled: some could not be; the others were.
    """
    failed = await _cut(context) + await _bill(context)
    if failed:
        raise PeriodsNotBilled(f"{len(failed)}, among them {', '.join(failed[:_NAMED])}")


async def _cut(context: JobContext) -> list[str]:
    failed: list[str] = []
    last = UUID(int=0)
    while True:
        async with transaction(context.sessions) as session:
            found = await metering.licences_over(session, last, _AT_ONCE)
        if not found:
            return failed
        for last in found:
            try:
                async with transaction(context.sessions) as session:
                    await metering.cut_periods(session, last)
            except Exception:
                # One that cannot be cut must not keep the others from it.
                log.exception("period_not_cut", licence_id=str(last))
                failed.append(str(last))


async def _bill(context: JobContext) -> list[str]:
    failed: list[str] = []
    last = UUID(int=0)
    while True:
        async with transaction(context.sessions) as session:
            found = await billing.unbilled_periods(session, last, _AT_ONCE)
        if not found:
            return failed
        for last, licence_id, numbers in found:
            for period_no in numbers:
                try:
                    async with transaction(context.sessions) as session:
                        unconfirmed = await metering.confirm_period(session, licence_id, period_no)
                    if unconfirmed:
                        log.info("period_not_confirmed", agreement_id=str(last), period_no=period_no)
                        break  # the next run bills it
                    async with transaction(context.sessions) as session:
                        await billing.bill_period(session, SYSTEM, last, period_no)
                except Exception:
                    # Nor may one that cannot be billed; but its agreement's next ones wait for it.
                    log.exception("period_not_billed", agreement_id=str(last), period_no=period_no)
                    failed.append(f"{last}/{period_no}")
                    break


SCHEDULES = (Schedule("invoices.bill", "*/5 * * * *", bill_periods),)
