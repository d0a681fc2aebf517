"""Background work of licences."""

from typing import Any

from contracts.licences import token_service
from infra.db import transaction
from infra.jobs import JobContext, Schedule


async def forget_tokens(context: JobContext, _: dict[str, Any]) -> None:
    """Delete the licence tokens that have run out."""
    async with transaction(context.sessions) as session:
        await token_service.forget_tokens(session)


SCHEDULES = [Schedule("licences.forget_tokens", "37 * * * *", forget_tokens)]
