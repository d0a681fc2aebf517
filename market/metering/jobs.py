"""Background work of metering."""

from typing import Any

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from market.metering import service

log = structlog.get_logger()


async def prepare_partitions(context: JobContext, _: dict[str, Any]) -> None:
    """Make the partitions of the months ahead, long before anything is recorded in them."""
    async with transaction(context.sessions) as session:
        made = await service.ensure_partitions(session)
    if made:
        log.info("usage_partitions_made", count=made)


async def credit_unanswered(context: JobContext, _: dict[str, Any]) -> None:
    """Credit the last calls of processes that ended without a word."""
    await service.credit_ended_processes(context.sessions)


SCHEDULES = [
    Schedule("metering.credit", "* * * * *", credit_unanswered),
    Schedule("metering.partitions", "17 2 * * *", prepare_partitions),
]
