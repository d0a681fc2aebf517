"""SQL about the processes that admit calls: which ended without a word, and what they had not accounted for."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from market.metering.domain import UsageCreditReason
from market.metering.tables import MeteringProcess


async def list_unended_processes(session: AsyncSession) -> Sequence[MeteringProcess]:
    """Processes that admit calls, and those that ended without a word and were not looked through."""
    statement = select(MeteringProcess).where(col(MeteringProcess.ended_at).is_(None))
    return (await session.exec(statement)).all()


_UNACCOUNTED = """
SELECT r.licence_id, r.record_id
  FROM licence_counters c
 CROSS JOIN LATERAL (SELECT licence_id, record_id FROM usage_records
                      WHERE licence_id = c.licence_id AND record_id > :through
                        -- the one partition or two that can hold it; the days are for a clock that was set
                        AND recorded_at > CAST(:seen AS timestamptz) - interval '1 day'
                        AND recorded_at < CAST(:seen AS timestamptz) + interval '1 day'
                        AND substring(uuid_send(record_id) FROM 13) = :tag) r
 ORDER BY r.record_id DESC LIMIT :limit
"""


async def list_silent_processes(session: AsyncSession, suspected: timedelta) -> Sequence[MeteringProcess]:
    """Processes that were not heard of since they were suspected so long ago."""
    statement = select(MeteringProcess).where(
        col(MeteringProcess.ended_at).is_(None),
        col(MeteringProcess.suspected_at) < sa.func.now() - suspected,
    )
    return (await session.exec(statement)).all()


async def suspect_processes(session: AsyncSession, silent: timedelta) -> None:
    """Suspect the processes that were not heard of for so long."""
    await session.execute(
        sa.update(MeteringProcess)
        .where(
            col(MeteringProcess.ended_at).is_(None),
            col(MeteringProcess.suspected_at).is_(None),
            col(MeteringProcess.seen_at) < sa.func.now() - silent,
        )
        .values(suspected_at=sa.func.now())
    )


async def end_process(session: AsyncSession, process: MeteringProcess) -> None:
    """Note that a process has ended, unless it was heard of meanwhile."""
    await session.execute(
        sa.update(MeteringProcess)
        .where(col(MeteringProcess.id) == process.id, col(MeteringProcess.seen_at) == process.seen_at)
        .values(ended_at=sa.func.now())
    )


async def forget_processes(session: AsyncSession, after: timedelta) -> None:
    """Delete what was kept of processes that ended so long ago."""
    await session.execute(
        sa.delete(MeteringProcess).where(col(MeteringProcess.ended_at) < sa.func.now() - after)
    )


async def unaccounted_records(
    session: AsyncSession, process: MeteringProcess, limit: int
) -> list[tuple[UUID, UUID]]:
    """Licence and record of the calls that a process recorded and did not account for, the last ones at most.

    No index by time is needed: the ids that a process makes grow, and a licence's records lie in their order.
    """
    listed = list(zip(process.licence_ids, process.record_ids, strict=True))
    values = {
        "through": process.decided_through,
        "seen": process.seen_at,
        "tag": process.id.to_bytes(4, "big"),
        "limit": limit,
    }
    rows = await session.execute(sa.text(_UNACCOUNTED), values)
    return [*listed, *((licence_id, record_id) for licence_id, record_id in rows)][:limit]


async def credit_calls(
    session: AsyncSession, records: Sequence[tuple[UUID, UUID]], reason: UsageCreditReason
) -> int:
    """Credit calls, by licence and record; answers how many were not credited before."""
    crediting = sa.text(
        "SELECT cardinality(credit_calls(CAST(:licences AS uuid[]), CAST(:records AS uuid[]), :reason))"
    )
    values = {
        "licences": [licence_id for licence_id, _ in records],
        "records": [record_id for _, record_id in records],
        "reason": reason.value,
    }
    credited: int = (await session.execute(crediting, values)).scalar_one()
    return credited
