"""The lines of an invoice sum to its total."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.INVOICE_LINES,
    "invoice",
    """
SELECT i.document_number, i.total_minor - coalesce(l.amount, 0), i.currency, i.issued_at, NULL::uuid,
       'sum', jsonb_build_object('total_minor', i.total_minor, 'lines_minor', coalesce(l.amount, 0))
  FROM invoices i
  LEFT JOIN (SELECT invoice_id, sum(amount_minor)::bigint AS amount FROM invoice_lines GROUP BY invoice_id) l
         ON l.invoice_id = i.id
 WHERE i.total_minor <> coalesce(l.amount, 0)
    """,
    {
        "sum": Message("total {total_minor}; its lines sum to {lines_minor}"),
    },
)
