"""What a licence used is what its periods add up to; its periods follow without gaps."""

from datetime import datetime

from infra import units
from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import Break, BreakKind

_TEXTS = {
    "totals": Message("has used {used} {unit}; its periods add up to {summed}"),
    "numbers": Message("is in period {period_no}; closed are {periods}, the last of them {last_no}"),
    "times": Message("begins at {opened_at}; the period before it ended at {ended_before}"),
    "none": Message("has no open period, and its contract has not ended"),
    "month": Message("is in the period of {month}, to end at {ends_at}"),
    "stray": Message("was closed of a licence without counters"),
}


def _totals() -> QueryCheck:
    """Compares the totals with the sums over the periods, for the units of the registry."""
    slots = [unit.slot for unit in units.UNITS.summed]
    sums = ", ".join(f"coalesce(sum(u.units_{slot}), 0) AS closed_{slot}" for slot in slots)
    compared = " UNION ALL ".join(
        f"SELECT t.licence_id, t.since, '{unit.code}' AS unit, coalesce(t.used_{unit.slot}, 0)::bigint AS used,"  # noqa: S608
        f" (t.closed_{unit.slot} + coalesce(t.period_{unit.slot}, 0))::bigint AS summed"
        " FROM totals t"
        for unit in units.UNITS.summed
    )
    return QueryCheck(
        BreakKind.COUNTER,
        "licence",
        f"""
WITH totals AS (
    SELECT c.licence_id, c.period_no, c.period_opened_at AS since, p.periods, p.last_no,
           {", ".join(f"c.used_{slot}, c.period_{slot}, p.closed_{slot}" for slot in slots)}
      FROM licence_counters c
      LEFT JOIN LATERAL (SELECT count(*) AS periods, coalesce(max(u.period_no), 0) AS last_no, {sums}
                           FROM usage_periods u WHERE u.licence_id = c.licence_id) p ON true)
SELECT licence_id::text || '/' || unit, used - summed, NULL::text, since, NULL::uuid,
       'totals', jsonb_build_object('used', used, 'unit', unit, 'summed', summed)
  FROM ({compared}) compared WHERE used <> summed
UNION ALL
SELECT licence_id::text, period_no - last_no - 1, NULL, since, NULL,
       'numbers', jsonb_build_object('period_no', period_no, 'periods', periods, 'last_no', last_no)
  FROM totals WHERE period_no <> last_no + 1
UNION ALL
SELECT n.licence_id::text || '/' || n.period_no, 1, NULL, n.opened_at, NULL,
       'times', jsonb_build_object('opened_at', n.opened_at, 'ended_before', n.ended_before)
  FROM (SELECT licence_id, period_no, opened_at, lag(closed_at) OVER w AS ended_before
          FROM (SELECT licence_id, period_no, opened_at, closed_at FROM usage_periods
                UNION ALL
                SELECT licence_id, period_no, period_opened_at, NULL FROM licence_counters) every
        WINDOW w AS (PARTITION BY licence_id ORDER BY period_no)) n
 WHERE n.opened_at <> n.ended_before
UNION ALL
SELECT c.licence_id::text || '/' || c.period_no, 1, NULL, c.period_opened_at, NULL,
       CASE WHEN c.period_ends_at IS NULL THEN 'none' ELSE 'month' END,
       jsonb_build_object('month', to_char(c.period_month, 'YYYY-MM'), 'ends_at', c.period_ends_at)
  FROM licence_counters c
       -- no zone's midnight is a day from UTC's
 WHERE c.period_ends_at AT TIME ZONE 'UTC' - (c.period_month + interval '1 month')
       NOT BETWEEN interval '-1 day' AND interval '1 day'
    OR c.period_ends_at IS NULL AND c.valid_until > now()
       AND NOT EXISTS (SELECT FROM stops s WHERE s.subject_id = ANY (c.links || c.licence_id) AND s.final)
UNION ALL
SELECT u.licence_id::text || '/' || u.period_no, 1, NULL, u.closed_at, NULL, 'stray', NULL
  FROM usage_periods u WHERE NOT EXISTS (SELECT FROM licence_counters c WHERE c.licence_id = u.licence_id)
        """,  # noqa: S608 -- codes and numbers of our own
        _TEXTS,
    )


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Licences whose totals and periods differ."""
    return await _totals()(session, moment)
