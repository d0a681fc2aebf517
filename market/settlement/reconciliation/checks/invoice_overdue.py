"""No invoice is past its due date without being paid."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.INVOICE_OVERDUE,
    "invoice",
    """
SELECT document_number, paid_minor - total_minor, currency, due_at, buyer_id,
       'was due on ' || to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' and is not paid'
           || CASE WHEN paid_minor > 0 THEN ' in full: ' || paid_minor || ' of ' || total_minor || ' minor units are'
                   ELSE '' END
  FROM invoices WHERE status = 'issued' AND due_at < now()
    """,
)
