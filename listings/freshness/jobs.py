"""What the worker does about broken promises."""

from typing import Any
from uuid import UUID

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from listings.freshness import service

BATCH = 1000
OBSERVED_BATCH = 100

log = structlog.get_logger()


async def tell_overdue(context: JobContext, _: dict[str, Any]) -> None:
    """Tell the parties of products whose promised data is overdue, once for each lapse."""
    after: UUID | None = None
    told = 0
    while True:
        async with transaction(context.sessions) as session:
            late, after = await service.list_late(session, after, BATCH)
        for product_id in late:
            try:
                async with transaction(context.sessions) as session:
                    told += await service.tell_overdue(session, product_id)
            except Exception:
                # One that fails must not keep the others from being told; it is tried again in an hour.
                log.exception("overdue_notice_failed", product_id=str(product_id))
        if after is None:
            break
    if told:
        log.info("overdue_told", products=told)


async def observe(context: JobContext, _: dict[str, Any]) -> None:
    """Hand over to quality how the promises of all products stand."""
    after: UUID | None = None
    while True:
        async with transaction(context.sessions) as session:
            after = await service.observe(session, after, OBSERVED_BATCH)
        if after is None:
            break


SCHEDULES = [
    Schedule("freshness.tell_overdue", "23 * * * *", tell_overdue),
    Schedule("freshness.observe", "11 * * * *", observe),
]
