"""What the worker runs for onboarding: mails, and recoveries that take effect."""

from typing import Any

from infra.db import transaction
from infra.jobs import Job, JobContext, Schedule
from infra.mail import service as mail
from market.participants import recoveries
from market.participants.mails import COMPOSERS, SEND_JOB, note_end


async def send_mails(context: JobContext, _: dict[str, Any]) -> None:
    """Send what is due, where there is a mail server. What it does not take now is tried again by the schedule."""
    if context.settings.smtp_host is not None:
        await mail.send_due(context.sessions, context.settings, COMPOSERS, note_end)


async def complete_recoveries(context: JobContext, _: dict[str, Any]) -> None:
    """Let in whom a recovery names, once the delay is over and nobody objected."""
    async with transaction(context.sessions) as session:
        await recoveries.complete_due(session, context.settings)


async def forget_mails(context: JobContext, _: dict[str, Any]) -> None:
    """Delete what became of mails long ago."""
    async with transaction(context.sessions) as session:
        await mail.forget_ended(session)


JOBS = (Job(SEND_JOB, send_mails, concurrency=1),)
SCHEDULES = (
    Schedule("participants.mails", "* * * * *", send_mails),
    Schedule("participants.forget_mails", "23 2 * * *", forget_mails),
    Schedule("participants.recoveries", "* * * * *", complete_recoveries),
)
