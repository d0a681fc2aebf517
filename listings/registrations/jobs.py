"""What the worker runs for registrations, once a minute."""

from typing import Any

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from listings.registrations import completion, watch

log = structlog.get_logger()


async def follow_the_clock(context: JobContext, _: dict[str, Any]) -> None:
    """Register what was announced long enough, tell of ends and deadlines, and keep the time of grace."""
    async with transaction(context.sessions) as session:
        await watch.move_grace(session)
    async with transaction(context.sessions) as session:
        await watch.tell_of_ends(session)
        await watch.tell_of_overdue(session)
    async with transaction(context.sessions) as session:
        due = await completion.list_due(session)
    for application_id in due:
        try:
            async with transaction(context.sessions) as session:
                await completion.complete_due(session, application_id)
        except Exception:
            # One that fails must not keep the others from their registration; it is tried again in a minute.
            log.exception("registration_not_completed", application_id=str(application_id))


SCHEDULES = (Schedule("registrations.clock", "* * * * *", follow_the_clock),)
