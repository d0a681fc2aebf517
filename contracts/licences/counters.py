"""The counter row of a licence: its term, its quotas, what it used, and every link of the chain above it.

The row is written when the licence is issued and is locked by each admission afterwards, so it holds exactly what
an admission must know and nothing else. Only the database functions of metering raise its counters.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from contracts.chain import ChainOfLinks
from infra.db import AsyncSession, Table, now, timestamp_column, uuid_array_column


class LicenceCounter(Table, table=True):
    """What one licence may use and has used. Quotas are totals over the term; null is unlimited."""

    __tablename__ = "licence_counters"
    __table_args__ = (
        sa.CheckConstraint("used_calls <= quota_calls", name="calls_within_quota"),
        sa.CheckConstraint("used_rows <= quota_rows", name="rows_within_quota"),
        sa.CheckConstraint(
            "0 <= period_calls AND period_calls <= used_calls AND 0 <= period_rows AND period_rows <= used_rows",
            name="period_within_total",
        ),
    )

    licence_id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(index=True)
    product_id: UUID
    links: list[UUID] = uuid_array_column()
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    quota_calls: int | None = Field(default=None, sa_type=sa.BigInteger)
    quota_rows: int | None = Field(default=None, sa_type=sa.BigInteger)
    used_calls: int = Field(default=0, sa_type=sa.BigInteger)
    used_rows: int = Field(default=0, sa_type=sa.BigInteger)
    period_no: int = 1
    period_calls: int = Field(default=0, sa_type=sa.BigInteger)
    period_rows: int = Field(default=0, sa_type=sa.BigInteger)
    period_opened_at: datetime = timestamp_column()


async def open(  # noqa: A001 -- reads as counters.open(...)
    session: AsyncSession,
    *,
    licence_id: UUID,
    chain: ChainOfLinks,
    valid_from: datetime,
    valid_until: datetime,
    quota_calls: int | None = None,
    quota_rows: int | None = None,
) -> LicenceCounter:
    """Open the counters of a licence that is being issued; its first period (number 1) opens now.

    :param chain: what the licence rests on; a stop on any link stops it.
    :param valid_from: first moment at which calls are admitted.
    :param valid_until: first moment at which they no longer are.
    :param quota_calls: calls over the whole term, or None for no limit; likewise ``quota_rows``.
    """
    counter = LicenceCounter(
        licence_id=licence_id,
        agreement_id=chain.agreement_id,
        product_id=chain.product_id,
        links=sorted(set(chain.ids())),
        valid_from=valid_from,
        valid_until=valid_until,
        quota_calls=quota_calls,
        quota_rows=quota_rows,
        period_opened_at=await now(session),
    )
    session.add(counter)
    await session.flush()
    return counter
