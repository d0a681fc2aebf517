"""What a process says in the database of its answers, on asyncpg."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from market.metering.connection import STATEMENT_SECONDS
from market.metering.domain import UsageCreditReason

_REGISTER = """
INSERT INTO metering_processes (id, started_at, seen_at, decided_through, licence_ids, record_ids)
VALUES ($1, now(), now(), $2, '{}', '{}')
ON CONFLICT (id) DO UPDATE SET seen_at = now(), suspected_at = NULL, ended_at = NULL
"""
_SAY = """
INSERT INTO metering_processes (id, started_at, seen_at, decided_through, licence_ids, record_ids, ended_at)
VALUES ($1, now(), now(), $2, $3, $4, CASE WHEN $5 THEN now() END)
ON CONFLICT (id) DO UPDATE
   SET seen_at = now(), decided_through = excluded.decided_through, licence_ids = excluded.licence_ids,
       record_ids = excluded.record_ids, suspected_at = NULL, ended_at = excluded.ended_at
"""


async def register(connection: "asyncpg.Connection[Any]", process_id: int, decided_through: UUID) -> None:
    """Make a process known, or known again; what it said before stands."""
    await connection.execute(_REGISTER, process_id, decided_through, timeout=STATEMENT_SECONDS)


async def say(
    connection: "asyncpg.Connection[Any]",
    process_id: int,
    decided_through: UUID,
    open_records: Mapping[UUID, UUID],
    *,
    ended: bool,
) -> None:
    """Say how far a process is.

    :param open_records: record → licence.
    :param ended: it ends in order, with nothing left to credit.
    """
    await connection.execute(
        _SAY,
        process_id,
        decided_through,
        list(open_records.values()),
        list(open_records),
        ended,
        timeout=STATEMENT_SECONDS,
    )


async def credit_calls(connection: "asyncpg.Connection[Any]", records: Mapping[UUID, UUID]) -> list[UUID]:
    """Credit calls that were not answered; answers the records credited now: those that exist and were not before.

    :param records: record → licence.
    """
    credited: list[UUID] = await connection.fetchval(
        "SELECT credit_calls($1, $2, $3)",
        list(records.values()),
        list(records),
        UsageCreditReason.UNANSWERED.value,
        timeout=STATEMENT_SECONDS,
    )
    return credited
