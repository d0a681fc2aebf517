"""The receivable of a buyer holds what it has not paid of its invoices."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.RECEIVABLE,
    "account",
    """
SELECT a.code, coalesce(p.amount, 0) - coalesce(i.open, 0), a.currency, coalesce(p.since, now()),
       a.owner_organisation_id,
       'holds', jsonb_build_object('booked_minor', coalesce(p.amount, 0), 'open_minor', coalesce(i.open, 0))
  FROM ledger_accounts a
  LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount, max(effective_at) AS since
               FROM ledger_postings GROUP BY account_id) p ON p.account_id = a.id
  LEFT JOIN (SELECT buyer_id, currency, sum(total_minor - paid_minor)::bigint AS open
               FROM invoices WHERE status = 'issued' GROUP BY buyer_id, currency) i
         ON i.buyer_id = a.owner_organisation_id AND i.currency = a.currency
 WHERE a.role = 'receivable' AND coalesce(p.amount, 0) <> coalesce(i.open, 0)
    """,
    {
        "holds": Message("holds {booked_minor}; what is open of its invoices comes to {open_minor}"),
    },
)
