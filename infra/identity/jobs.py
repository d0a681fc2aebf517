"""Housekeeping of identity."""

from typing import Any

from infra.db import transaction
from infra.identity import attempt_repository, credential_repository, factor_repository, password_check
from infra.identity.domain import REFUSALS_TOGETHER
from infra.jobs import JobContext, Schedule


async def sweep(context: JobContext, _: dict[str, Any]) -> None:
    """Delete sessions, secrets and revocations that have run out."""
    async with transaction(context.sessions) as session:
        await credential_repository.sweep(session)
        await factor_repository.sweep(session)


async def sweep_attempts(context: JobContext, _: dict[str, Any]) -> None:
    """Delete counts of attempts that say nothing any more; often, since strangers make them."""
    async with transaction(context.sessions) as session:
        await attempt_repository.sweep(session)


async def record_refusals(context: JobContext, _: dict[str, Any]) -> None:
    """Tell the audit log of refused passwords: one entry for each account, and one for all addresses nobody has."""
    async with transaction(context.sessions) as session:
        for row in await credential_repository.take_refusals(session, REFUSALS_TOGETHER):
            detail = {
                "count": row.count,
                "since": row.since.isoformat(),
                "until": row.last_at.isoformat(),
            }
            await password_check.record_refusals(session, row.person_id, detail)


SCHEDULES = [
    Schedule("identity.sweep", "17 * * * *", sweep),
    Schedule("identity.sweep_attempts", "*/5 * * * *", sweep_attempts),
    Schedule("identity.refused_sign_ins", "* * * * *", record_refusals),
]
