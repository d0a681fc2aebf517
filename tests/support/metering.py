"""Licences to meter: counter rows that really commit, each test with ids of its own."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from contracts.chain import ChainOfLinks
from contracts.licences.counters import LicenceCounter
from infra import units
from infra.db import AsyncSession, create_engine, create_sessions, new_id, transaction
from infra.unit_columns import quota_values
from infra.units import UnitVector
from market.metering import service
from market.metering.domain import Call, PeriodUsage
from market.metering.group_commit import Admission

LicenceMaker = Callable[..., Awaitable[UUID]]
Connection = Any


@asynccontextmanager
async def running(dsn: str, **limits: Any) -> AsyncIterator[Admission]:
    """A flusher at work."""
    admission = Admission(dsn, **limits)
    await admission.start()
    try:
        yield admission
    finally:
        await admission.close()


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
    purpose: str = "research",
    token_id: UUID | None = None,
) -> Call:
    """A call on a licence."""
    return Call(
        licence_id=licence_id,
        record_id=new_id(),
        key=key,
        digest=digest_of(request),
        revision_id=UUID(int=7),
        purpose=purpose,
        client_id=None,
        token_id=token_id or new_id(),
        units=UnitVector(calls=calls, rows=rows, bytes=size),
        asked={"rows": asked},
    )


def licences(owner_url: str) -> LicenceMaker:
    """A maker of licences' counters without the trade that leads to them; committed.

    It writes as the owner of the database: the service itself opens counters of signed agreements only. A link that is
    not named is a fresh one.
    """

    async def make(
        *,
        quotas: Mapping[str, int] = MappingProxyType({}),
        starts: timedelta = timedelta(hours=-1),
        ends: timedelta = timedelta(days=30),
        sole_purpose: str | None = "research",
        **links: UUID,
    ) -> UUID:
        licence_id = new_id()
        moment = datetime.now(UTC)
        chain = replace(ChainOfLinks(*(new_id() for _ in fields(ChainOfLinks))), **links)
        await open_counters(
            owner_url,
            [
                LicenceCounter(
                    licence_id=licence_id,
                    agreement_id=chain.agreement_id,
                    product_id=chain.product_id,
                    links=list(chain.ids()),
                    valid_from=moment + starts,
                    valid_until=moment + ends,
                    period_opened_at=moment,
                    period_month=moment.date().replace(day=1),
                    period_ends_at=moment + timedelta(days=31),
                    sole_purpose=sole_purpose,
                    **quota_values(quotas),
                )
            ],
        )
        return licence_id

    return make


async def end_month(session: AsyncSession, licence_id: UUID) -> None:
    """Let the open period of a licence end now, as if its month were over."""
    await session.execute(sa.text("SELECT testing.end_month(:id)"), {"id": licence_id})


async def close_period(session: AsyncSession, licence_id: UUID, period_no: int) -> PeriodUsage:
    """Let the open period of a licence end, unless it is a later one, and cut it."""
    if await service.get_closed_period(session, licence_id, period_no) is None:
        await end_month(session, licence_id)
        await service.cut_periods(session, licence_id)
    closed = await service.get_closed_period(session, licence_id, period_no)
    assert closed is not None
    return closed


async def open_counters(owner_url: str, rows: Sequence[LicenceCounter]) -> None:
    """Write counters as the owner of the database."""
    engine = create_engine(owner_url, pool_size=1)
    try:
        async with transaction(create_sessions(engine)) as session:
            session.add_all(rows)
    finally:
        await engine.dispose()


async def counted(connection: Connection, licence_id: UUID) -> UnitVector:
    """What the counters say of a licence's whole term."""
    row = await connection.fetchrow("SELECT * FROM licence_counters WHERE licence_id = $1", licence_id)
    return UnitVector.of(row[f"used_{unit.slot}"] or 0 for unit in units.UNITS.summed)


async def counted_by_purpose(
    connection: Connection, licence_id: UUID, period_no: int = 1
) -> dict[str, UnitVector]:
    """What the counters by purpose say of a period: those of licences with several purposes, while it is open."""
    rows = await connection.fetch(
        "SELECT * FROM usage_purposes WHERE licence_id = $1 AND period_no = $2", licence_id, period_no
    )
    return {
        row["purpose"]: UnitVector.of(row[f"units_{unit.slot}"] or 0 for unit in units.UNITS.summed)
        for row in rows
    }


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
