"""Mails to a person about the own account: that something was done to it which might not have been the person."""

from datetime import timedelta
from uuid import UUID

from infra.db import AsyncSession
from infra.identity import repository
from infra.mail import service as mail
from infra.settings import Settings

PASSWORD_RESET = "password.reset"  # noqa: S105 -- a kind of mail
FACTOR_ENROLLED = "second_factor.enrolled"
FACTOR_GUESSED = "second_factor.guessed"
FACTOR_REMOVED = "second_factor.removed"
FACTOR_RESET_REQUESTED = "second_factor.reset_requested"
RECOVERY_CODE_USED = "recovery_code.used"

_KEPT = timedelta(days=3)


async def notify(session: AsyncSession, settings: Settings, person_id: UUID, kind: str) -> None:
    """Put a notice for a person into the outbox, where there is a mail server; it is sent within a minute."""
    person = await repository.person(session, person_id)
    if settings.smtp_host is not None and person is not None:
        await mail.post(session, kind, person.email, {"person_id": str(person_id)}, keep=_KEPT)
