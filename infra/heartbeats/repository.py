"""Every statement of heartbeats."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from infra.db import AsyncSession
from infra.heartbeats.domain import SeenWorker

_BEAT = sa.text(
    """
    INSERT INTO worker_heartbeats (id, host, process, started_at, last_seen_at, down)
    VALUES (:id, :host, :process, now(), now(), :down)
    ON CONFLICT (id) DO UPDATE SET last_seen_at = now(), down = excluded.down
    """
).bindparams(sa.bindparam("id", type_=sa.Uuid()), sa.bindparam("down", type_=sa.ARRAY(sa.String)))
_FORGET = sa.text("DELETE FROM worker_heartbeats WHERE id = :id").bindparams(
    sa.bindparam("id", type_=sa.Uuid())
)
_FORGET_OLD = sa.text("DELETE FROM worker_heartbeats WHERE last_seen_at < now() - interval '1 day'")
_SEEN = sa.text(
    "SELECT host, last_seen_at, greatest(now() - last_seen_at, interval '0') AS silent_for, down"
    " FROM worker_heartbeats ORDER BY last_seen_at DESC LIMIT 1000"
)


async def beat(session: AsyncSession, worker_id: UUID, host: str, process: int, down: Sequence[str]) -> None:
    """A worker is there; those of more than a day ago are forgotten."""
    await session.execute(
        _BEAT, {"id": worker_id, "host": host[:255], "process": process, "down": list(down)}
    )
    await session.execute(_FORGET_OLD)


async def forget(session: AsyncSession, worker_id: UUID) -> None:
    """A worker has ended."""
    await session.execute(_FORGET, {"id": worker_id})


async def seen(session: AsyncSession) -> list[SeenWorker]:
    """Every worker of the last day, the one seen last first."""
    rows = (await session.execute(_SEEN)).all()
    return [SeenWorker(row.host, row.last_seen_at, row.silent_for, tuple(row.down)) for row in rows]
