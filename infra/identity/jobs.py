"""Housekeeping of identity."""

from typing import Any

from infra.db import transaction
from infra.identity import credential_repository
from infra.jobs import JobContext, Schedule


async def sweep(context: JobContext, _: dict[str, Any]) -> None:
    """Delete sessions, secrets, revocations and attempts that have run out."""
    async with transaction(context.sessions) as session:
        await credential_repository.sweep(session)


SCHEDULES = [Schedule("identity.sweep", "17 * * * *", sweep)]
