"""Every period that is over is cut and billed: by a close, or by the worker within minutes of its end."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The worker cuts and bills what is over every five minutes; after four times that, something keeps it from it.
check = QueryCheck(
    BreakKind.PERIOD_NOT_BILLED,
    "agreement",
    """
SELECT l.agreement_id || '/' || u.period_no, -1::bigint, NULL::text, u.closed_at, NULL::uuid,
       'cut', jsonb_build_object('period_no', u.period_no)
  FROM usage_periods u
  JOIN licences l ON l.id = u.licence_id
 WHERE u.closed_at < now() - interval '20 minutes'
   AND NOT EXISTS (SELECT FROM period_closes p
                    WHERE p.agreement_id = l.agreement_id AND p.period_no = u.period_no)
UNION ALL
SELECT c.agreement_id || '/' || c.period_no, -1, NULL, c.period_ends_at, NULL,
       'over', jsonb_build_object('period_no', c.period_no)
  FROM licence_counters c WHERE c.period_ends_at < now() - interval '20 minutes'
    """,
    {
        "cut": Message("period {period_no} was cut and is not billed"),
        "over": Message("period {period_no} is over and was not cut"),
    },
)
