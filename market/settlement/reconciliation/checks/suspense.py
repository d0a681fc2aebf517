"""No bank entry is held in suspense."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.SUSPENSE,
    "bank_entry",
    """
SELECT s.statement_id || '/' || e.number, e.amount_minor, e.currency,
       e.booked_on::timestamp AT TIME ZONE 'UTC', NULL::uuid, m.reason
  FROM bank_matches m
  JOIN bank_entries e ON e.id = m.entry_id
  JOIN bank_statements s ON s.id = e.bank_statement_id
 WHERE m.status = 'suspense'
    """,
)
