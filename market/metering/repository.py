"""SQL of metering outside the hot path. The hot path's one statement is in :mod:`market.metering.admission_sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra import units
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.unit_columns import sums
from infra.units import UnitVector
from market.metering.domain import PeriodUsage
from market.metering.tables import UsageRecord


class HourlyUsage(NamedTuple):
    """Usage of one licence for one product revision and purpose in one hour, which begins at ``hour`` (UTC)."""

    hour: datetime
    revision_id: UUID
    purpose: str
    units: UnitVector


class Difference(NamedTuple):
    """A period whose counters do not say what its records say."""

    licence_id: UUID
    period_no: int
    counted: UnitVector
    recorded: UnitVector


async def close_period(session: AsyncSession, licence_id: UUID) -> PeriodUsage | None:
    """Close the open period and open the next, under the licence's lock; None for an unknown licence."""
    row = (
        await session.execute(sa.text("SELECT * FROM close_period(:licence_id)"), {"licence_id": licence_id})
    ).one()
    if row.period_no is None:
        return None
    period_no, opened_at, closed_at, *amounts = row
    return PeriodUsage(licence_id, period_no, opened_at, closed_at, UnitVector.of(amounts))


async def recorded_by_purpose(
    session: AsyncSession, licence_id: UUID, period_no: int
) -> dict[str, UnitVector]:
    """Units of a period by purpose, added up from its records."""
    statement = (
        sa.select(col(UsageRecord.purpose), *sums(UsageRecord))
        .where(col(UsageRecord.licence_id) == licence_id, col(UsageRecord.period_no) == period_no)
        .group_by(col(UsageRecord.purpose))
    )
    return {purpose: UnitVector.of(amounts) for purpose, *amounts in await session.execute(statement)}


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
            *sums(UsageRecord),
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
    return [
        HourlyUsage(begin, revision_id, purpose, UnitVector.of(amounts))
        for begin, revision_id, purpose, *amounts in await session.execute(statement)
    ]


def _differences() -> str:
    """The comparison, for the units of the registry."""
    slots = [unit.slot for unit in units.UNITS.summed]

    def columns(form: str) -> str:
        return ", ".join(form.replace("#", str(slot)) for slot in slots)

    return f"""
WITH counted AS (
    SELECT licence_id, period_no, period_opened_at AS opened_at, {columns("coalesce(period_#, 0) AS units_#")}
      FROM licence_counters
    UNION ALL
    SELECT licence_id, period_no, opened_at, {columns("coalesce(units_#, 0)")}
      FROM usage_periods WHERE closed_at > now() - make_interval(days => :days)
)
SELECT c.licence_id, c.period_no, {columns("c.units_#")}, {columns("coalesce(r.units_#, 0)::bigint")}
  FROM counted c
  LEFT JOIN (SELECT licence_id, period_no, {columns("sum(units_#) AS units_#")}
               FROM usage_records
              -- leaves out the months before; the day is for a clock that was set back
              WHERE recorded_at > (SELECT min(opened_at) FROM counted) - interval '1 day'
              GROUP BY licence_id, period_no) r USING (licence_id, period_no)
 WHERE ({columns("c.units_#")}) <> ({columns("coalesce(r.units_#, 0)")})
 LIMIT :limit
"""  # noqa: S608 -- numbers of our own


async def differences(session: AsyncSession, *, days: int, limit: int) -> list[Difference]:
    """Periods, open or closed within the last days, whose counters and records differ.

    One statement sees one moment, and an admission writes both at once, so the load does not matter.
    """
    found = await session.execute(sa.text(_differences()), {"days": days, "limit": limit})
    number = len(units.UNITS.summed)
    return [
        Difference(licence_id, period_no, UnitVector.of(amounts[:number]), UnitVector.of(amounts[number:]))
        for licence_id, period_no, *amounts in found
    ]


async def ensure_partitions(session: AsyncSession, months_ahead: int) -> int:
    """Prepare the partitions of this month and the next ones; answers how many were made."""
    made: int = (
        await session.execute(sa.text("SELECT ensure_usage_partitions(:months)"), {"months": months_ahead})
    ).scalar_one()
    return made
