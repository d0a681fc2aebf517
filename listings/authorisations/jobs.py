"""Background work of authorisations."""

from typing import Any

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from listings.authorisations import offers


async def lapse_overdue(context: JobContext, _: dict[str, Any]) -> None:
    """End the offers that not all sides have signed in time."""
    async with transaction(context.sessions) as session:
        await offers.lapse_overdue(session)


SCHEDULES = [Schedule("authorisations.lapse_overdue", "*/10 * * * *", lapse_overdue)]
