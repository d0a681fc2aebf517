"""Housekeeping of identity."""

from typing import Any

from infra.db import transaction
from infra.identity import attempt_repository, credential_repository
from infra.jobs import JobContext, Schedule


async def sweep(context: JobContext, _: dict[str, Any]) -> None:
    """Delete sessions, secrets and revocations that have run out."""
    async with transaction(context.sessions) as session:
        await credential_repository.sweep(session)


async def sweep_attempts(context: JobContext, _: dict[str, Any]) -> None:
    """Delete counts of attempts that say nothing any more; often, since strangers make them."""
    async with transaction(context.sessions) as session:
        await attempt_repository.sweep(session)


SCHEDULES = [
    Schedule("identity.sweep", "17 * * * *", sweep),
    Schedule("identity.sweep_attempts", "*/5 * * * *", sweep_attempts),
]
