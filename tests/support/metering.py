"""Licences to meter: counter rows that really commit, each test with ids of its own."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.chain import ChainOfLinks
from contracts.licences import counters
from infra.db import SessionMaker, new_id, transaction
from market.metering.domain import Call

LicenceMaker = Callable[..., Awaitable[UUID]]
Connection = Any


def digest_of(text: str) -> bytes:
    """Digest of a made-up request."""
    return hashlib.sha256(text.encode()).digest()


def call_for(
    licence_id: UUID,
    *,
    key: str | None = None,
    request: str = "all",
    calls: int = 1,
    rows: int = 10,
    size: int = 1000,
    asked: int = 0,
) -> Call:
    """A call on a licence."""
    return Call(
        licence_id=licence_id,
        record_id=new_id(),
        key=key,
        digest=digest_of(request),
        calls=calls,
        rows=rows,
        bytes=size,
        revision_id=UUID(int=7),
        purpose="research",
        client_id=None,
        rows_asked=asked,
    )


def licences(sessions: SessionMaker) -> LicenceMaker:
    """A maker of licences' counters; committed. A link that is not named is a fresh one."""

    async def make(
        *,
        quota_calls: int | None = None,
        quota_rows: int | None = None,
        starts: timedelta = timedelta(hours=-1),
        ends: timedelta = timedelta(days=30),
        **links: UUID,
    ) -> UUID:
        licence_id = new_id()
        moment = datetime.now(UTC)
        async with transaction(sessions) as session:
            await counters.open(
                session,
                licence_id=licence_id,
                chain=replace(ChainOfLinks(*(new_id() for _ in fields(ChainOfLinks))), **links),
                valid_from=moment + starts,
                valid_until=moment + ends,
                quota_calls=quota_calls,
                quota_rows=quota_rows,
            )
        return licence_id

    return make


async def counted(connection: Connection, licence_id: UUID) -> tuple[int, int]:
    """Calls and rows of the counters."""
    row = await connection.fetchrow(
        "SELECT used_calls, used_rows FROM licence_counters WHERE licence_id = $1", licence_id
    )
    return row["used_calls"], row["used_rows"]


async def recorded(connection: Connection, licence_id: UUID, period_no: int | None = None) -> tuple[int, int]:
    """Calls and rows of the records, of one period or of all."""
    row = await connection.fetchrow(
        "SELECT coalesce(sum(calls), 0)::bigint AS calls, coalesce(sum(rows), 0)::bigint AS rows"
        " FROM usage_records WHERE licence_id = $1 AND ($2::int IS NULL OR period_no = $2)",
        licence_id,
        period_no,
    )
    return row["calls"], row["rows"]
