"""SQL of the audit log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.audit.merkle import Place
from infra.audit.tables import AuditEntry, AuditHead, AuditLeaf, AuditNode
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate

_SEAL_LOCK = 7263542


async def lock_tree(session: AsyncSession) -> None:
    """Let one sealer at a time work, until the transaction ends."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEAL_LOCK)))


async def latest_head(session: AsyncSession) -> AuditHead | None:
    """The newest signed head."""
    statement = select(AuditHead).order_by(col(AuditHead.size).desc()).limit(1)
    return (await session.exec(statement)).first()


async def unsealed(session: AsyncSession, limit: int) -> Sequence[AuditEntry]:
    """Entries that have no place in the tree yet, oldest first."""
    sealed = sa.exists().where(col(AuditLeaf.entry_id) == col(AuditEntry.id))
    statement = select(AuditEntry).where(~sealed).order_by(col(AuditEntry.id)).limit(limit)
    return (await session.exec(statement)).all()


async def entries(
    session: AsyncSession, subject_id: UUID | None, page: PageRequest
) -> tuple[Sequence[AuditEntry], str | None]:
    """One page of the log, newest first, of everything or of one thing."""
    statement = select(AuditEntry)
    if subject_id is not None:
        statement = statement.where(col(AuditEntry.subject_id) == subject_id)
    return await paginate(session, statement, AuditEntry.id, page)


async def about(session: AsyncSession, subject_ids: Sequence[UUID], limit: int) -> Sequence[AuditEntry]:
    """The latest entries about any of the things, newest first."""
    statement = (
        select(AuditEntry)
        .where(col(AuditEntry.subject_id).in_(subject_ids))
        .order_by(col(AuditEntry.id).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def nodes(session: AsyncSession, places: Sequence[Place]) -> dict[Place, bytes]:
    """The stored subtrees at these places."""
    statement = select(AuditNode).where(sa.tuple_(col(AuditNode.level), col(AuditNode.position)).in_(places))
    return {(row.level, row.position): row.digest for row in (await session.exec(statement)).all()}


async def recorded_since(session: AsyncSession, since: datetime) -> AsyncIterator[tuple[AuditEntry, bool]]:
    """The entries recorded since then, a few at a time, and whether each has its digest in the tree or no place yet."""
    last = UUID(int=0)
    node = sa.and_(col(AuditNode.level) == 0, col(AuditNode.position) == col(AuditLeaf.position))
    placed = sa.or_(col(AuditLeaf.entry_id).is_(None), col(AuditNode.digest) == col(AuditEntry.leaf))
    while True:
        statement = (
            sa.select(AuditEntry, sa.func.coalesce(placed, sa.false()))
            .outerjoin(AuditLeaf, col(AuditLeaf.entry_id) == col(AuditEntry.id))
            .outerjoin(AuditNode, node)
            .where(col(AuditEntry.recorded_at) >= since, col(AuditEntry.id) > last)
            .order_by(col(AuditEntry.id))
            .limit(1000)
        )
        found = (await session.execute(statement)).all()
        if not found:
            return
        for entry, in_tree in found:
            yield entry, in_tree
        last = found[-1][0].id
        session.expunge_all()


async def append(
    session: AsyncSession, start: int, entries: Sequence[AuditEntry], made: Mapping[Place, bytes]
) -> None:
    """Give entries their places from ``start`` on and store the subtrees that came into being."""
    await session.execute(
        sa.insert(AuditLeaf),
        [{"position": start + offset, "entry_id": entry.id} for offset, entry in enumerate(entries)],
    )
    await session.execute(
        sa.insert(AuditNode),
        [
            {"level": level, "position": position, "digest": digest}
            for (level, position), digest in made.items()
        ],
    )
