"""What the worker does for the audit log."""

from typing import Any

from infra.audit import service
from infra.db import transaction
from infra.jobs import JobContext, Schedule


async def seal(context: JobContext, _: dict[str, Any]) -> None:
    """Seal what was recorded since the last time."""
    async with transaction(context.sessions) as session:
        await service.seal(session, context.keys, context.settings.base_url)


SCHEDULES = [Schedule("audit.seal", "* * * * *", seal)]
