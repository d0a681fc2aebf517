"""Every bank entry is matched, and booked on the bank account with its amount."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.BANK_ENTRY,
    "bank_entry",
    """
SELECT s.statement_id || '/' || e.number, coalesce(x.amount, 0) - e.amount_minor, e.currency,
       e.booked_on::timestamp AT TIME ZONE 'UTC', NULL::uuid,
       CASE WHEN m.entry_id IS NULL THEN 'was never matched'
            WHEN coalesce(x.amount, 0) <> e.amount_minor
                THEN 'is ' || e.amount_minor || ' minor units; booked on the bank account: ' || coalesce(x.amount, 0)
       END
  FROM bank_entries e
  JOIN bank_statements s ON s.id = e.bank_statement_id
  LEFT JOIN bank_matches m ON m.entry_id = e.id
  LEFT JOIN LATERAL (SELECT sum(p.amount)::bigint AS amount FROM ledger_postings p
                       JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'bank'
                      WHERE p.journal_id = m.journal_id) x ON true
 WHERE m.entry_id IS NULL OR coalesce(x.amount, 0) <> e.amount_minor
    """,
)
