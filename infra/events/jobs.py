"""What the worker does for events by the clock. Delivery itself is in ``runner``."""

from typing import Any

import structlog

from infra.db import transaction
from infra.events import repository, service
from infra.jobs import JobContext, Schedule

log = structlog.get_logger()


async def forget(context: JobContext, _: dict[str, Any]) -> None:
    """Delete deliveries that were completed long ago, so that the table follows the traffic and not the years."""
    async with transaction(context.sessions) as session:
        count = await repository.forget_completed(session, service.KEPT)
    log.info("event_deliveries_forgotten", count=count)


SCHEDULES = [Schedule("events.forget", "41 3 * * *", forget)]
