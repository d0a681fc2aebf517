"""What is billed of a metric is what was metered of it, and the counters of metering equal its records."""

from datetime import datetime

from infra.db import AsyncSession
from market.metering import service as metering
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import Break, BreakKind

_BILLED = QueryCheck(
    BreakKind.USAGE,
    "invoice",
    """
SELECT i.document_number || '/' || l.metric,
       l.quantity - CASE l.metric WHEN 'calls' THEN coalesce(u.calls, 0) ELSE coalesce(u.rows, 0) END, NULL::text,
       i.issued_at, NULL::uuid,
       'bills ' || l.quantity || ' ' || l.metric || ' of period ' || l.usage_period_no || '; metered were '
           || CASE l.metric WHEN 'calls' THEN coalesce(u.calls, 0) ELSE coalesce(u.rows, 0) END
  FROM (SELECT invoice_id, licence_id, usage_period_no, metric, sum(quantity)::bigint AS quantity
          FROM invoice_lines WHERE metric IN ('calls', 'rows')
         GROUP BY invoice_id, licence_id, usage_period_no, metric) l
  JOIN invoices i ON i.id = l.invoice_id
  LEFT JOIN usage_periods u ON u.licence_id = l.licence_id AND u.period_no = l.usage_period_no
 WHERE l.quantity <> CASE l.metric WHEN 'calls' THEN coalesce(u.calls, 0) ELSE coalesce(u.rows, 0) END
    """,
)


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Invoices that bill other use than was metered, and periods whose counters and records differ."""
    return [*await _BILLED(session, moment), *await _counters(session, moment)]


async def _counters(session: AsyncSession, moment: datetime) -> list[Break]:
    found = []
    for item in await metering.differences(session):
        counted = (item.counted_calls, item.counted_rows)
        recorded = (item.recorded_calls, item.recorded_rows)
        found.append(
            Break(
                kind=BreakKind.USAGE,
                subject_kind="licence",
                subject=f"{item.licence_id}/{item.period_no}",
                difference=counted[0] - recorded[0] or counted[1] - recorded[1],
                currency=None,
                owner_id=None,
                since=moment,
                explanation=(
                    f"counters hold {counted[0]} calls and {counted[1]} rows, "
                    f"records {recorded[0]} and {recorded[1]}"
                ),
            )
        )
    return found
