"""The clearing account of an agreement holds its invoices that are not paid yet."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.CLEARING,
    "account",
    """
SELECT a.code, -coalesce(p.amount, 0) - coalesce(i.open, 0), a.currency, coalesce(p.since, now()), NULL::uuid,
       'holds', jsonb_build_object('booked_minor', -coalesce(p.amount, 0), 'open_minor', coalesce(i.open, 0))
  FROM ledger_accounts a
  LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount, max(effective_at) AS since
               FROM ledger_postings GROUP BY account_id) p ON p.account_id = a.id
  LEFT JOIN (SELECT agreement_id, currency, sum(total_minor)::bigint AS open
               FROM invoices WHERE status = 'issued' GROUP BY agreement_id, currency) i
         ON i.agreement_id::text = a.subject AND i.currency = a.currency
 WHERE a.role = 'clearing' AND -coalesce(p.amount, 0) <> coalesce(i.open, 0)
    """,
    {
        "holds": Message("holds {booked_minor}; open invoices come to {open_minor}"),
    },
)
