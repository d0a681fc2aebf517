"""What the worker does for the catalogue."""

from typing import Any

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from listings.catalogue import repository


async def forget_changes(context: JobContext, _: dict[str, Any]) -> None:
    """Delete notes of changes that every process has read by now."""
    async with transaction(context.sessions) as session:
        await repository.forget_changes(session)


SCHEDULES = [Schedule("catalogue.forget_changes", "23 * * * *", forget_changes)]
