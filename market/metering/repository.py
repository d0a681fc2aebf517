"""SQL of metering outside the hot path. The hot path's one statement is in :mod:`market.metering.admission_sql`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from contracts.licences.counters import LicenceCounter
from infra import units
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.unit_columns import sums
from infra.units import UnitVector
from market.metering.domain import EarlyClose, OpenPeriod, PeriodUsage
from market.metering.tables import UsageCredit, UsagePeriod, UsagePurpose, UsageRecord

_MOST_PERIODS = 2**31 - 1


class HourlyUsage(NamedTuple):
    """Usage of one licence for one product revision and use in one hour, which begins at ``hour`` (UTC)."""

    hour: datetime
    revision_id: UUID
    purpose: str
    scenario: str | None
    region: str | None
    units: UnitVector
    credited: UnitVector


class Difference(NamedTuple):
    """A period whose counters do not say what its records say, or whose total is not the sum of its purposes.

    :ivar purpose: for which of them; None for the total.
    :ivar recorded: what the records add up to, less the credits; of a total, what its purposes add up to.
    """

    licence_id: UUID
    period_no: int
    purpose: str | None
    counted: UnitVector
    recorded: UnitVector


async def cut_periods(session: AsyncSession, licence_id: UUID, early: EarlyClose | None) -> int:
    """Cut the periods of a licence that are over, and with a reason that holds the open one; answers how many."""
    cutting = sa.text("SELECT cut_periods(:licence_id, :reason, :note)")
    values = {
        "licence_id": licence_id,
        "reason": early.reason.value if early else None,
        "note": early.note if early else None,
    }
    cut: int = (await session.execute(cutting, values)).scalar_one()
    return cut


async def confirm_period(session: AsyncSession, licence_id: UUID, period_no: int) -> int | None:
    """Confirm a cut period, unless calls of it are not accounted for: answers how many; None of one that is not cut."""
    confirming = sa.text("SELECT confirm_period(:licence_id, :period_no)")
    values = {"licence_id": licence_id, "period_no": period_no}
    unconfirmed: int | None = (await session.execute(confirming, values)).scalar_one()
    return unconfirmed


async def get_closed_period(session: AsyncSession, licence_id: UUID, period_no: int) -> PeriodUsage | None:
    """A closed period as it was closed."""
    row = await session.get(UsagePeriod, (licence_id, period_no), populate_existing=True)
    return None if row is None else _closed(row)


async def closed_periods(
    session: AsyncSession, licence_id: UUID, below: int | None, limit: int
) -> list[PeriodUsage]:
    """Closed periods of a licence, newest first.

    :param below: only those with a lower number.
    """
    statement = select(UsagePeriod).where(col(UsagePeriod.licence_id) == licence_id)
    if below is not None:
        statement = statement.where(col(UsagePeriod.period_no) < min(below, _MOST_PERIODS))
    rows = await session.exec(statement.order_by(col(UsagePeriod.period_no).desc()).limit(limit))
    return [_closed(row) for row in rows]


async def get_open_period(session: AsyncSession, licence_id: UUID) -> OpenPeriod | None:
    """The open period of a licence; None when the last one is closed."""
    row = await session.get(LicenceCounter, licence_id, populate_existing=True)
    if row is None or row.period_month is None or row.period_ends_at is None:
        return None
    return OpenPeriod(
        licence_id, row.period_no, row.period_month, row.period_opened_at, row.period_ends_at, row.period
    )


async def licences_over(session: AsyncSession, after: UUID, limit: int) -> Sequence[UUID]:
    """Licences whose open period is over, by id, beginning after one."""
    statement = (
        select(LicenceCounter.licence_id)
        .where(col(LicenceCounter.period_ends_at) <= sa.func.now(), col(LicenceCounter.licence_id) > after)
        .order_by(col(LicenceCounter.licence_id))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


def _closed(row: UsagePeriod) -> PeriodUsage:
    early = EarlyClose(row.close_reason, row.close_note or "") if row.close_reason else None
    return PeriodUsage(
        row.licence_id,
        row.period_no,
        row.month,
        row.opened_at,
        row.closed_at,
        early,
        row.after_end,
        row.confirmed_at,
        row.units,
    )


async def used_by_purpose(session: AsyncSession, licence_id: UUID, period_no: int) -> dict[str, UnitVector]:
    """Units of a closed period by purpose, as they were counted."""
    statement = select(UsagePurpose).where(
        col(UsagePurpose.licence_id) == licence_id, col(UsagePurpose.period_no) == period_no
    )
    return {row.purpose: row.units for row in (await session.exec(statement)).all()}


async def months_of(session: AsyncSession, licence_id: UUID) -> dict[int, date | None]:
    """The month of each period of a licence by its number, the open one included."""
    statement = sa.text(
        "SELECT period_no, month FROM usage_periods WHERE licence_id = :id"
        " UNION ALL SELECT period_no, period_month FROM licence_counters WHERE licence_id = :id"
    )
    rows = await session.execute(statement, {"id": licence_id})
    return dict(rows.all())


async def agreement_of(session: AsyncSession, licence_id: UUID) -> UUID:
    """The agreement whose invoices bill a licence that has records."""
    statement = select(LicenceCounter.agreement_id).where(col(LicenceCounter.licence_id) == licence_id)
    return (await session.exec(statement)).one()


async def find_record(session: AsyncSession, licence_id: UUID, record_id: UUID) -> UsageRecord | None:
    """A usage record of a licence."""
    statement = select(UsageRecord).where(
        col(UsageRecord.licence_id) == licence_id, col(UsageRecord.record_id) == record_id
    )
    return (await session.exec(statement)).first()


async def find_record_among(
    session: AsyncSession, licence_ids: Sequence[UUID], record_id: UUID
) -> UsageRecord | None:
    """A usage record of one of these licences."""
    statement = select(UsageRecord).where(
        col(UsageRecord.licence_id) == sa.any_(sa.cast(licence_ids, sa.ARRAY(sa.Uuid))),
        col(UsageRecord.record_id) == record_id,
    )
    return (await session.exec(statement)).first()


async def list_credits(
    session: AsyncSession, records: Sequence[UsageRecord]
) -> dict[tuple[UUID, UUID], UsageCredit]:
    """The credits of these records, by licence and record."""
    ids = [(record.licence_id, record.record_id) for record in records]
    statement = select(UsageCredit).where(
        sa.tuple_(col(UsageCredit.licence_id), col(UsageCredit.record_id)).in_(ids)
    )
    return {(row.licence_id, row.record_id): row for row in (await session.exec(statement)).all()}


async def list_records(
    session: AsyncSession,
    licence_id: UUID,
    page: PageRequest,
    *,
    period_no: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Sequence[UsageRecord], str | None]:
    """Usage records of a licence, newest first, of a period or of a half-open span."""
    statement = select(UsageRecord).where(col(UsageRecord.licence_id) == licence_id)
    if period_no is not None:
        statement = statement.where(col(UsageRecord.period_no) == period_no)
    if since is not None:
        statement = statement.where(col(UsageRecord.recorded_at) >= since)
    if until is not None:
        statement = statement.where(col(UsageRecord.recorded_at) < until)
    return await paginate(session, statement, UsageRecord.record_id, page)


async def hourly(
    session: AsyncSession, licence_id: UUID, since: datetime, until: datetime, limit: int
) -> list[HourlyUsage]:
    """Usage by hour, revision and use in the half-open span, oldest first, ``limit`` lines at most."""
    hour = sa.func.date_trunc("hour", col(UsageRecord.recorded_at), "UTC").label("hour")
    line = (
        hour,
        col(UsageRecord.revision_id),
        col(UsageRecord.purpose),
        col(UsageRecord.scenario),
        col(UsageRecord.region),
    )
    statement = (
        sa.select(*line, *sums(UsageRecord), *sums(UsageCredit))
        .outerjoin(
            UsageCredit,
            sa.and_(
                col(UsageCredit.licence_id) == col(UsageRecord.licence_id),
                col(UsageCredit.record_id) == col(UsageRecord.record_id),
            ),
        )
        .where(
            col(UsageRecord.licence_id) == licence_id,
            col(UsageRecord.recorded_at) >= since,
            col(UsageRecord.recorded_at) < until,
        )
        .group_by(*line)
        .order_by(*line)
        .limit(limit)
    )
    number = len(units.UNITS.summed)
    return [
        HourlyUsage(
            begin,
            revision_id,
            purpose,
            scenario,
            region,
            UnitVector.of(amounts[:number]),
            UnitVector.of(amounts[number:]),
        )
        for begin, revision_id, purpose, scenario, region, *amounts in await session.execute(statement)
    ]


_WATCHED = """
WITH watched AS (
    SELECT licence_id, period_no, period_opened_at AS opened_at, sole_purpose, {period}, false AS closed
      FROM licence_counters
    UNION ALL
    SELECT u.licence_id, u.period_no, u.opened_at, c.sole_purpose, {closed}, true
      FROM usage_periods u JOIN licence_counters c USING (licence_id)
     WHERE u.closed_at > now() - make_interval(days => :days)
)
"""
_TOTALS_AND_PURPOSES = """
SELECT w.licence_id, w.period_no, NULL::text, {counted}, {summed}
  FROM watched w
  LEFT JOIN (SELECT licence_id, period_no, {sums} FROM usage_purposes GROUP BY licence_id, period_no) r
      USING (licence_id, period_no)
 WHERE (w.closed OR w.sole_purpose IS NULL) AND ({counted}) <> ({summed})
 LIMIT :limit
"""
_PURPOSES_AND_RECORDS = """
SELECT licence_id, period_no, purpose, {counted}, {summed}
  FROM (SELECT licence_id, period_no, sole_purpose AS purpose, {units}
          FROM watched WHERE NOT closed AND sole_purpose IS NOT NULL
        UNION ALL
        SELECT licence_id, period_no, p.purpose, {purposes}
          FROM watched JOIN usage_purposes p USING (licence_id, period_no)) w
  FULL JOIN (SELECT n.licence_id, n.period_no, n.purpose, {sums}
               FROM (SELECT r.licence_id, r.period_no, r.purpose, {recorded}
                       FROM usage_records r JOIN watched USING (licence_id, period_no)
                      -- leaves out the months before; the day is for a clock that was set back
                      WHERE r.recorded_at > (SELECT min(opened_at) FROM watched) - interval '1 day'
                     UNION ALL
                     SELECT k.licence_id, k.period_no, k.purpose, {credited}
                       FROM usage_credits k JOIN watched USING (licence_id, period_no)) n
              GROUP BY n.licence_id, n.period_no, n.purpose) r USING (licence_id, period_no, purpose)
 WHERE ({counted}) <> ({summed})
 LIMIT :limit
"""


def _comparison(query: str, table: str) -> str:
    """One of the comparisons, for the units of the registry.

    :param table: where the sums on the right side come from.
    """
    slots = [unit.slot for unit in units.UNITS.summed]
    forms = {
        "period": "coalesce(period_#, 0) AS units_#",
        "closed": "coalesce(u.units_#, 0)",
        "units": "units_#",
        "purposes": "coalesce(p.units_#, 0)",
        "counted": "coalesce(w.units_#, 0)",
        "summed": "coalesce(r.units_#, 0)",
        "sums": f"sum({table}.units_#)::bigint AS units_#",
        "recorded": "r.units_#",
        "credited": "-k.units_#",
    }
    columns = {
        name: ", ".join(form.replace("#", str(slot)) for slot in slots) for name, form in forms.items()
    }
    return (_WATCHED + query).format_map(columns)


async def differences(session: AsyncSession, *, days: int, limit: int) -> list[Difference]:
    """Periods, open or closed within the last days, whose counters and records differ, by purpose and in total.

    Each statement sees one moment, and an admission writes everything at once, so the load does not matter.
    """
    number = len(units.UNITS.summed)
    found: list[Difference] = []
    for query, table in ((_TOTALS_AND_PURPOSES, "usage_purposes"), (_PURPOSES_AND_RECORDS, "n")):
        rows = await session.execute(sa.text(_comparison(query, table)), {"days": days, "limit": limit})
        found.extend(
            Difference(
                licence_id,
                period_no,
                purpose,
                UnitVector.of(amounts[:number]),
                UnitVector.of(amounts[number:]),
            )
            for licence_id, period_no, purpose, *amounts in rows
        )
    return found


async def ensure_partitions(session: AsyncSession, months_ahead: int) -> int:
    """Prepare the partitions of this month and the next ones; answers how many were made."""
    made: int = (
        await session.execute(sa.text("SELECT ensure_usage_partitions(:months)"), {"months": months_ahead})
    ).scalar_one()
    return made
