"""What the worker does about missed promises."""

from typing import Any
from uuid import UUID

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from listings.freshness import service as freshness
from listings.service_credits import service

BATCH = 1000

log = structlog.get_logger()


async def record_missed(context: JobContext, _: dict[str, Any]) -> None:
    """Record promises that were missed: data that is overdue, and calls of the last month."""
    after: UUID | None = None
    recorded = 0
    while True:
        async with transaction(context.sessions) as session:
            late, after = await freshness.list_late(session, after, BATCH)
        for product_id in late:
            async with transaction(context.sessions) as session:
                recorded += await service.record_lapse(session, product_id)
        if after is None:
            break
    async with transaction(context.sessions) as session:
        recorded += await service.record_availability(session)
    if recorded:
        log.info("service_credits_recorded", credits=recorded)


SCHEDULES = [Schedule("service_credits.record", "29 * * * *", record_missed)]
