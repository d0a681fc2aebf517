"""What the worker does about repeated failure, once an hour."""

from typing import Any
from uuid import UUID

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from listings.enforcement import service

BATCH = 500

log = structlog.get_logger()


async def follow_all(context: JobContext, _: dict[str, Any]) -> None:
    """Take the step that is due for each product, in a transaction of its own."""
    after: UUID | None = None
    while True:
        async with transaction(context.sessions) as session:
            watched = await service.list_watched(session, after, BATCH)
        for product_id in watched:
            try:
                async with transaction(context.sessions) as session:
                    action = await service.follow(session, product_id)
            except Exception:
                # One that fails must not keep the others from their step; it is tried again in an hour.
                log.exception("enforcement_step_failed", product_id=str(product_id))
                continue
            if action is not None:
                log.info("enforcement_step", product_id=str(product_id), action=action.value)
        if len(watched) < BATCH:
            return
        after = watched[-1]


SCHEDULES = [Schedule("enforcement.follow", "37 * * * *", follow_all)]
