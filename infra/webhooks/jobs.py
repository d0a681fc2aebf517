"""What the worker does for webhooks by the clock. Sending is in ``sender``."""

from typing import Any

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from infra.webhooks import deliveries, repository

log = structlog.get_logger()


async def forget(context: JobContext, _: dict[str, Any]) -> None:
    """Delete deliveries that were made long ago."""
    async with transaction(context.sessions) as session:
        count = await repository.forget(session, deliveries.KEPT)
    log.info("webhook_deliveries_forgotten", count=count)


SCHEDULES = [Schedule("webhooks.forget", "47 3 * * *", forget)]
