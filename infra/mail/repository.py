"""SQL of the outbox."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.mail.domain import MailStatus
from infra.mail.tables import Mail

# Written out rather than bound: a plan made for any value of a parameter cannot use the partial index.
_PENDING = col(Mail.status) == sa.literal_column("'pending'")


async def take_due(session: AsyncSession, limit: int, lease: timedelta) -> Sequence[Mail]:
    """Pending mails that are due, oldest first; nobody else takes them for the lease."""
    due = (
        select(Mail)
        .where(_PENDING, col(Mail.due_at) <= sa.func.now())
        .order_by(col(Mail.due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.exec(due)).all()
    for row in rows:
        row.attempts += 1
    await session.flush()
    taken = sa.update(Mail).where(col(Mail.id).in_([row.id for row in rows]))
    await session.execute(taken.values(due_at=sa.func.now() + lease))
    return rows


async def complete(session: AsyncSession, mail_id: UUID, status: MailStatus, error: str | None) -> None:
    """End a mail."""
    statement = sa.update(Mail).where(col(Mail.id) == mail_id)
    await session.execute(
        statement.values(status=status, completed_at=sa.func.now(), due_at=sa.func.now(), last_error=error)
    )


async def forget(session: AsyncSession, before: timedelta) -> None:
    """Delete mails that ended so long ago."""
    ended = col(Mail.completed_at) < sa.func.now() - before
    await session.execute(sa.delete(Mail).where(~_PENDING, ended))


async def delete(session: AsyncSession, mail_id: UUID) -> None:
    """Delete a mail."""
    await session.execute(sa.delete(Mail).where(col(Mail.id) == mail_id))


async def postpone(session: AsyncSession, mail_id: UUID, delay: timedelta, error: str) -> None:
    """Try a mail again later."""
    statement = sa.update(Mail).where(col(Mail.id) == mail_id)
    await session.execute(statement.values(due_at=sa.func.now() + delay, last_error=error))
