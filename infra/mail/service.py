"""Put mails into the outbox, and send what is due."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from infra.db import AsyncSession, SessionMaker, now, transaction
from infra.mail import repository
from infra.mail.domain import BATCH, KEPT, LEASE, Content, MailStatus, in_every_language, next_try
from infra.mail.smtp import MailRefused, MailServerAway, deliver
from infra.mail.tables import Mail
from infra.settings import Settings

Composer = Callable[[AsyncSession, Settings, Mail], Awaitable[Content | None]]
"""Writes a mail when it is to be sent; None when it is not wanted any more. What it changes is committed before."""

Outcome = Callable[[AsyncSession, Mail, MailStatus], Awaitable[None]]
"""Is told how a mail ended, in the transaction that notes it."""

log = structlog.get_logger()


async def post(
    session: AsyncSession, kind: str, recipient: str, detail: Mapping[str, Any], *, keep: timedelta
) -> UUID:
    """Put a mail into the outbox; it is sent after the commit, and tried again until it arrives.

    :param kind: names the composer that writes it.
    :param detail: JSON for the composer, no secrets.
    :param keep: the mail is dropped when it could not be sent for so long.
    """
    moment = await now(session)
    row = Mail(
        kind=kind,
        recipient=recipient,
        detail=dict(detail),
        status=MailStatus.PENDING,
        attempts=0,
        created_at=moment,
        due_at=moment,
        expires_at=moment + keep,
    )
    session.add(row)
    await session.flush()
    return row.id


async def send_due(
    sessions: SessionMaker, settings: Settings, composers: Mapping[str, Composer], ended: Outcome
) -> int:
    """Send the mails that are due; answers how many arrived at the mail server.

    :param composers: by kind of mail.
    :param ended: told of each mail that was sent, refused or dropped.
    """
    async with transaction(sessions) as session:
        taken = await repository.take_due(session, BATCH, LEASE)
    sent = 0
    for mail in taken:
        sent += await _send(sessions, settings, composers[mail.kind], ended, mail)
    return sent


async def forget_ended(session: AsyncSession) -> None:
    """Delete mails that ended more than 30 days ago: they name addresses."""
    await repository.forget(session, KEPT)


async def forget(session: AsyncSession, mail_id: UUID) -> None:
    """Delete a mail: of one to an address that nobody here has, nothing is kept."""
    await repository.delete(session, mail_id)


async def _send(
    sessions: SessionMaker, settings: Settings, compose: Composer, ended: Outcome, mail: Mail
) -> bool:
    # What the mail says holds before anybody can read it, and no transaction waits for the mail server.
    async with transaction(sessions) as session:
        expired = mail.expires_at <= await now(session)
        content = None if expired else await compose(session, settings, mail)
    if content is None:
        await _complete(sessions, ended, mail, MailStatus.DROPPED, mail.last_error)
        return False
    subject, body = in_every_language(content)
    try:
        await deliver(settings, message_id=mail.id, recipient=mail.recipient, subject=subject, body=body)
    except MailRefused as error:
        log.warning("mail_refused", mail_id=str(mail.id), error=str(error))
        await _complete(sessions, ended, mail, MailStatus.REFUSED, str(error))
        return False
    except MailServerAway as error:
        log.warning("mail_postponed", mail_id=str(mail.id), attempts=mail.attempts, error=str(error))
        async with transaction(sessions) as session:
            await repository.postpone(session, mail.id, next_try(mail.attempts), str(error))
        return False
    await _complete(sessions, ended, mail, MailStatus.SENT, None)
    return True


async def _complete(
    sessions: SessionMaker, ended: Outcome, mail: Mail, status: MailStatus, error: str | None
) -> None:
    async with transaction(sessions) as session:
        await repository.complete(session, mail.id, status, error)
        await ended(session, mail, status)
