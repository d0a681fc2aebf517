"""SQL of metering outside the hot path. The hot path's one statement is in :mod:`market.metering.admission_sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from contracts.licences.counters import LicenceCounter
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from market.metering.domain import PeriodUsage
from market.metering.tables import UsagePeriod, UsageRecord


class HourlyUsage(NamedTuple):
    """Usage of one licence for one product revision and purpose in one hour, which begins at ``hour`` (UTC)."""

    hour: datetime
    revision_id: UUID
    purpose: str
    calls: int
    rows: int
    bytes: int


class Difference(NamedTuple):
    """A period whose counters do not say what its records say."""

    licence_id: UUID
    period_no: int
    counted_calls: int
    counted_rows: int
    recorded_calls: int
    recorded_rows: int


async def close_period(session: AsyncSession, licence_id: UUID) -> PeriodUsage | None:
    """Close the open period and open the next, under the licence's lock; None for an unknown licence."""
    row = (
        await session.execute(sa.text("SELECT * FROM close_period(:licence_id)"), {"licence_id": licence_id})
    ).one()
    return None if row.period_no is None else PeriodUsage(licence_id, *row)


async def open_period(session: AsyncSession, licence_id: UUID) -> PeriodUsage | None:
    """The period that is open, with its totals up to now; None for an unknown licence."""
    statement = (
        select(LicenceCounter)
        .where(col(LicenceCounter.licence_id) == licence_id)
        .execution_options(populate_existing=True)
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        return None
    return PeriodUsage(
        licence_id, found.period_no, found.period_opened_at, None, found.period_calls, found.period_rows
    )


async def closed_period(session: AsyncSession, licence_id: UUID, period_no: int) -> PeriodUsage | None:
    """One closed period, or None."""
    found = await session.get(UsagePeriod, (licence_id, period_no))
    if found is None:
        return None
    return PeriodUsage(licence_id, period_no, found.opened_at, found.closed_at, found.calls, found.rows)


async def recorded(session: AsyncSession, licence_id: UUID, period_no: int) -> tuple[int, int]:
    """Calls and rows of a period, added up from its records."""
    totals = sa.select(
        sa.cast(sa.func.coalesce(sa.func.sum(col(UsageRecord.calls)), 0), sa.BigInteger),
        sa.cast(sa.func.coalesce(sa.func.sum(col(UsageRecord.rows)), 0), sa.BigInteger),
    ).where(col(UsageRecord.licence_id) == licence_id, col(UsageRecord.period_no) == period_no)
    calls, rows = (await session.execute(totals)).one()
    return calls, rows


async def recorded_by_purpose(
    session: AsyncSession, licence_id: UUID, period_no: int
) -> dict[str, tuple[int, int]]:
    """Calls and rows of a period by purpose, added up from its records."""
    statement = (
        sa.select(
            col(UsageRecord.purpose),
            sa.cast(sa.func.sum(col(UsageRecord.calls)), sa.BigInteger),
            sa.cast(sa.func.sum(col(UsageRecord.rows)), sa.BigInteger),
        )
        .where(col(UsageRecord.licence_id) == licence_id, col(UsageRecord.period_no) == period_no)
        .group_by(col(UsageRecord.purpose))
    )
    return {purpose: (calls, rows) for purpose, calls, rows in (await session.execute(statement)).all()}


async def list_records(
    session: AsyncSession, licence_id: UUID, period_no: int | None, page: PageRequest
) -> tuple[Sequence[UsageRecord], str | None]:
    """Usage records of a licence, newest first."""
    statement = select(UsageRecord).where(col(UsageRecord.licence_id) == licence_id)
    if period_no is not None:
        statement = statement.where(col(UsageRecord.period_no) == period_no)
    return await paginate(session, statement, UsageRecord.record_id, page)


async def hourly(
    session: AsyncSession, licence_id: UUID, since: datetime, until: datetime, limit: int
) -> list[HourlyUsage]:
    """Usage by hour, revision and purpose in the half-open span, oldest first, ``limit`` lines at most."""
    hour = sa.func.date_trunc("hour", col(UsageRecord.recorded_at), "UTC").label("hour")
    statement = (
        sa.select(
            hour,
            col(UsageRecord.revision_id),
            col(UsageRecord.purpose),
            *(
                sa.cast(sa.func.sum(counted), sa.BigInteger)
                for counted in (col(UsageRecord.calls), col(UsageRecord.rows), col(UsageRecord.bytes))
            ),
        )
        .where(
            col(UsageRecord.licence_id) == licence_id,
            col(UsageRecord.recorded_at) >= since,
            col(UsageRecord.recorded_at) < until,
        )
        .group_by(hour, col(UsageRecord.revision_id), col(UsageRecord.purpose))
        .order_by(hour, col(UsageRecord.revision_id), col(UsageRecord.purpose))
        .limit(limit)
    )
    return [HourlyUsage(*row) for row in (await session.execute(statement)).all()]


_DIFFERENCES = """
WITH counted AS (
    SELECT licence_id, period_no, period_opened_at AS opened_at, period_calls AS calls, period_rows AS rows
      FROM licence_counters
    UNION ALL
    SELECT licence_id, period_no, opened_at, calls, rows
      FROM usage_periods WHERE closed_at > now() - make_interval(days => :days)
)
SELECT c.licence_id, c.period_no, c.calls, c.rows, coalesce(r.calls, 0)::bigint, coalesce(r.rows, 0)::bigint
  FROM counted c
  LEFT JOIN (SELECT licence_id, period_no, sum(calls) AS calls, sum(rows) AS rows
               FROM usage_records
              -- leaves out the months before; the day is for a clock that was set back
              WHERE recorded_at > (SELECT min(opened_at) FROM counted) - interval '1 day'
              GROUP BY licence_id, period_no) r USING (licence_id, period_no)
 WHERE (c.calls, c.rows) <> (coalesce(r.calls, 0), coalesce(r.rows, 0))
 LIMIT :limit
"""


async def differences(session: AsyncSession, *, days: int, limit: int) -> list[Difference]:
    """Periods, open or closed within the last days, whose counters and records differ.

    One statement sees one moment, and an admission writes both at once, so the load does not matter.
    """
    rows = await session.execute(sa.text(_DIFFERENCES), {"days": days, "limit": limit})
    return [Difference(*row) for row in rows.all()]


async def ensure_partitions(session: AsyncSession, months_ahead: int) -> int:
    """Prepare the partitions of this month and the next ones; answers how many were made."""
    made: int = (
        await session.execute(sa.text("SELECT ensure_usage_partitions(:months)"), {"months": months_ahead})
    ).scalar_one()
    return made
