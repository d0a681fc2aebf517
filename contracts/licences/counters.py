"""The counter row of a licence: its term, its quotas, what it used, and every link of the chain above it.

The row is written when the licence is issued and is locked by each admission afterwards, so it holds exactly what
an admission must know and nothing else. Only the database functions of metering raise its counters.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from contracts.chain import ChainOfLinks
from infra.db import AsyncSession, Table, now, timestamp_column, uuid_array_column
from infra.unit_columns import PeriodColumns, QuotaColumns, UsedColumns, quota_values
from infra.units import SLOTS


class LicenceCounter(QuotaColumns, UsedColumns, PeriodColumns, Table, table=True):
    """What one licence may use and has used, by the slots of the metered units. Quotas are totals over the term."""

    __tablename__ = "licence_counters"
    __table_args__ = (
        sa.CheckConstraint(
            " AND ".join(f"used_{slot} <= quota_{slot}" for slot in range(1, SLOTS + 1)), name="within_quota"
        ),
        sa.CheckConstraint(
            " AND ".join(
                f"0 <= period_{slot} AND period_{slot} <= used_{slot}" for slot in range(1, SLOTS + 1)
            ),
            name="period_within_total",
        ),
    )

    licence_id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(index=True)
    product_id: UUID
    links: list[UUID] = uuid_array_column()
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    period_no: int = 1
    period_opened_at: datetime = timestamp_column()


async def open(  # noqa: A001 -- reads as counters.open(...)
    session: AsyncSession,
    *,
    licence_id: UUID,
    chain: ChainOfLinks,
    valid_from: datetime,
    valid_until: datetime,
    quotas: Mapping[str, int] = MappingProxyType({}),
) -> LicenceCounter:
    """Open the counters of a licence that is being issued; its first period (number 1) opens now.

    :param chain: what the licence rests on; a stop on any link stops it.
    :param valid_from: first moment at which calls are admitted.
    :param valid_until: first moment at which they no longer are.
    :param quotas: limits over the whole term, by unit; a unit that is not named is not limited.
    :raises UnknownUnit: a quota is for a unit that may not have any.
    """
    counter = LicenceCounter(
        licence_id=licence_id,
        agreement_id=chain.agreement_id,
        product_id=chain.product_id,
        links=sorted(set(chain.ids())),
        valid_from=valid_from,
        valid_until=valid_until,
        **quota_values(quotas),
        period_opened_at=await now(session),
    )
    session.add(counter)
    await session.flush()
    return counter
