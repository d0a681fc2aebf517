"""What the worker does for the audit log."""

from typing import Any

from infra.audit import service
from infra.db import now, transaction
from infra.jobs import JobContext, Schedule
from infra.rulebook import service as rulebook
from infra.rulebook.retention import kept_until


async def seal(context: JobContext, _: dict[str, Any]) -> None:
    """Seal what was recorded since the last time; heads are signed for as long as records are kept."""
    async with transaction(context.sessions) as session:
        until = kept_until(await rulebook.in_force(session), await now(session))
        await service.seal(session, context.keys, context.settings.base_url, until)


SCHEDULES = [Schedule("audit.seal", "* * * * *", seal)]
