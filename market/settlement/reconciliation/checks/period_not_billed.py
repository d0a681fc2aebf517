"""Every period that was cut is billed: by the close that cut it, by the next one, or by the worker within minutes."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The worker bills what was cut five minutes ago, every five minutes; after twice that, something keeps it from it.
check = QueryCheck(
    BreakKind.PERIOD_NOT_BILLED,
    "agreement",
    """
SELECT l.agreement_id || '/' || u.period_no, -1::bigint, NULL::text, u.closed_at, NULL::uuid,
       'period ' || u.period_no || ' was cut and is not billed'
  FROM usage_periods u
  JOIN licences l ON l.id = u.licence_id
 WHERE u.closed_at < now() - interval '20 minutes'
   AND NOT EXISTS (SELECT FROM period_closes p
                    WHERE p.agreement_id = l.agreement_id AND p.period_no = u.period_no)
    """,
)
