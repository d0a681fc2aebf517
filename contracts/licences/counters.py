"""The counter row of a licence: its term, its quotas, what it used, and every link of the chain above it.

The row is written when the licence is issued and is locked by each admission afterwards, so it holds exactly what
an admission must know and nothing else. Only functions of the database's owner write it.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import AsyncSession, Table, timestamp_column, uuid_array_column
from infra.unit_columns import PeriodColumns, QuotaColumns, UsedColumns
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
        sa.Index("ix_licence_counters_period_ends_at", "period_ends_at"),
        sa.Index("ix_licence_counters_tokens_ended", "licence_id", postgresql_where=sa.text("tokens_ended")),
    )

    licence_id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(index=True)
    product_id: UUID
    links: list[UUID] = uuid_array_column()
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    period_no: int = 1
    period_opened_at: datetime = timestamp_column()
    # Both null: the contract has ended and its last period is closed; the numbers above are those of none.
    period_month: date | None = None
    period_ends_at: datetime | None = timestamp_column(nullable=True)
    # Null: there are several, and admission counts each apart (`usage_purposes`).
    sole_purpose: str | None = None
    # Whether admission has to look for tokens that were ended before their time.
    tokens_ended: bool = False


async def open(  # noqa: A001 -- reads as counters.open(...)
    session: AsyncSession, licence_id: UUID
) -> None:
    """Open the counters of a licence that is being issued; its first period (number 1) opens now, or
    when its term begins, and ends with that calendar month.

    A function of the database's owner takes term, quotas, purposes and links from the licence and the signed agreement;
    the service itself may write no counters.

    :raises sqlalchemy.exc.DBAPIError: the licence is not what its agreement says, or its counters are open already.
    """
    await session.execute(sa.text("SELECT open_licence_counters(:licence_id)"), {"licence_id": licence_id})
