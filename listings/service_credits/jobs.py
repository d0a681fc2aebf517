"""What the worker does about missed promises."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import structlog

from infra.db import AsyncSession, transaction
from infra.jobs import JobContext, Schedule
from listings.freshness import service as freshness
from listings.service_credits import service

BATCH = 1000

log = structlog.get_logger()


async def record_missed(context: JobContext, _: dict[str, Any]) -> None:
    """Record promises that were missed: data that was overdue, and calls of the last month."""
    after: UUID | None = None
    recorded = 0
    while True:
        async with transaction(context.sessions) as session:
            promising, after = await freshness.list_promising(session, after, BATCH)
        recorded += await _each(context, promising, service.record_lapses)
        if after is None:
            break
    async with transaction(context.sessions) as session:
        called = await service.list_called(session)
    recorded += await _each(context, called, service.record_availability)
    if recorded:
        log.info("service_credits_recorded", credits=recorded)


async def _each(
    context: JobContext, product_ids: Sequence[UUID], record: Callable[[AsyncSession, UUID], Awaitable[int]]
) -> int:
    """Look at each product in a transaction of its own; one that fails is tried again in an hour."""
    recorded = 0
    for product_id in product_ids:
        try:
            async with transaction(context.sessions) as session:
                recorded += await record(session, product_id)
        except Exception:
            log.exception("service_credit_failed", product_id=str(product_id))
    return recorded


SCHEDULES = [Schedule("service_credits.record", "29 * * * *", record_missed)]
