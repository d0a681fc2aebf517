"""Licences to meter: counter rows that really commit, each test with ids of its own."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from contracts.chain import ChainOfLinks
from contracts.licences import counters
from infra import units
from infra.db import SessionMaker, new_id, transaction
from infra.units import UnitVector
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
        revision_id=UUID(int=7),
        purpose="research",
        client_id=None,
        units=UnitVector(calls=calls, rows=rows, bytes=size),
        asked={"rows": asked},
    )


def licences(sessions: SessionMaker) -> LicenceMaker:
    """A maker of licences' counters; committed. A link that is not named is a fresh one."""

    async def make(
        *,
        quotas: Mapping[str, int] = MappingProxyType({}),
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
                quotas=quotas,
            )
        return licence_id

    return make


async def counted(connection: Connection, licence_id: UUID) -> UnitVector:
    """What the counters say of a licence's whole term."""
    row = await connection.fetchrow("SELECT * FROM licence_counters WHERE licence_id = $1", licence_id)
    return UnitVector.of(row[f"used_{unit.slot}"] or 0 for unit in units.UNITS.summed)


def calls_and_rows(counted: UnitVector) -> tuple[int, int]:
    """Two units of a vector, where bytes do not matter."""
    return counted["calls"], counted["rows"]


async def recorded(connection: Connection, licence_id: UUID, period_no: int | None = None) -> UnitVector:
    """What the records add up to, of one period or of all."""
    sums = ", ".join(f"coalesce(sum(units_{unit.slot}), 0)::bigint" for unit in units.UNITS.summed)
    row = await connection.fetchrow(
        f"SELECT {sums} FROM usage_records WHERE licence_id = $1 AND ($2::int IS NULL OR period_no = $2)",
        licence_id,
        period_no,
    )
    return UnitVector.of(row)
