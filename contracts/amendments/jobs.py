"""Background work of amendments."""

from typing import Any

from contracts.amendments import service
from infra.db import transaction
from infra.jobs import JobContext, Schedule


async def lapse_overdue(context: JobContext, _: dict[str, Any]) -> None:
    """End the amendments that not all sides have signed in time."""
    async with transaction(context.sessions) as session:
        await service.lapse_overdue(session)


SCHEDULES = [Schedule("amendments.lapse_overdue", "5-59/10 * * * *", lapse_overdue)]
