"""No invoice is past its due date without being paid."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.INVOICE_OVERDUE,
    "invoice",
    """
SELECT document_number, paid_minor - total_minor, currency, due_at, buyer_id,
       CASE WHEN paid_minor > 0 THEN 'partly' ELSE 'unpaid' END,
       jsonb_build_object('day', to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'paid_minor', paid_minor,
                          'total_minor', total_minor)
  FROM invoices WHERE status = 'issued' AND due_at < now()
    """,
    {
        "partly": Message("was due on {day} and is not paid in full: {paid_minor} of {total_minor} are"),
        "unpaid": Message("was due on {day} and is not paid"),
    },
)
