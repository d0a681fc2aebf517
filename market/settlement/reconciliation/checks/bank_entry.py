"""Every bank entry is matched, its parts sum to it, and it is booked on its bank account."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.BANK_ENTRY,
    "bank_entry",
    """
SELECT s.statement_id || '/' || e.number,
       coalesce(nullif(coalesce(x.amount, 0) - e.amount_minor, 0), coalesce(q.amount, 0) - e.amount_minor),
       e.currency, e.booked_on::timestamp AT TIME ZONE 'UTC', NULL::uuid,
       CASE WHEN m.entry_id IS NULL THEN 'unmatched' WHEN coalesce(x.amount, 0) <> e.amount_minor THEN 'booked'
            ELSE 'parts' END,
       jsonb_build_object('amount_minor', e.amount_minor, 'booked_minor', coalesce(x.amount, 0),
                          'parts_minor', coalesce(q.amount, 0))
  FROM bank_entries e
  JOIN bank_statements s ON s.id = e.bank_statement_id
  LEFT JOIN bank_matches m ON m.entry_id = e.id
        AND NOT EXISTS (SELECT FROM bank_matches n WHERE n.entry_id = e.id AND n.number = m.number + 1)
  LEFT JOIN LATERAL (SELECT sum(p.amount)::bigint AS amount FROM ledger_postings p
                       JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'bank'
                      WHERE p.journal_id = m.journal_id) x ON true
  LEFT JOIN LATERAL (SELECT sum(y.amount_minor)::bigint AS amount FROM bank_match_parts y
                      WHERE y.match_id = m.id) q ON true
 WHERE e.same_as_id IS NULL
   AND (m.entry_id IS NULL OR coalesce(x.amount, 0) <> e.amount_minor OR coalesce(q.amount, 0) <> e.amount_minor)
    """,
    {
        "unmatched": Message("was never matched"),
        "booked": Message("is {amount_minor}; booked on the bank account: {booked_minor}"),
        "parts": Message("is {amount_minor}; its parts come to {parts_minor}"),
    },
)
