"""The books and the payment on record agree with the status of each invoice."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The journals of an invoice: what was booked under its id on either side of what the buyer owes.
check = QueryCheck(
    BreakKind.INVOICE_POSTING,
    "invoice",
    """
SELECT i.document_number,
       coalesce(b.billed, 0) - i.total_minor
           + CASE WHEN i.status = 'issued' THEN coalesce(b.paid, 0) ELSE i.total_minor - coalesce(b.paid, 0) END,
       i.currency, i.issued_at, NULL::uuid,
       'is ' || i.status || ' with ' || i.total_minor || ' minor units; booked as billed '
           || coalesce(b.billed, 0) || ', as paid ' || coalesce(b.paid, 0) || ', payment of '
           || coalesce(p.amount_minor, 0)
  FROM invoices i
  LEFT JOIN payments p ON p.invoice_id = i.id
  LEFT JOIN (SELECT j.source_id,
                    sum(x.amount) FILTER (WHERE j.source_kind = 'invoice')::bigint AS billed,
                    -sum(x.amount) FILTER (WHERE j.source_kind = 'payment')::bigint AS paid
               FROM ledger_journals j
               JOIN ledger_postings x ON x.journal_id = j.id
               JOIN ledger_accounts a ON a.id = x.account_id AND a.role = 'receivable'
              WHERE j.source_kind IN ('invoice', 'payment') GROUP BY j.source_id) b ON b.source_id = i.id
 WHERE coalesce(b.billed, 0) <> i.total_minor
    OR coalesce(b.paid, 0) <> CASE WHEN i.status = 'issued' THEN 0 ELSE i.total_minor END
    OR coalesce(p.amount_minor, 0) <> CASE WHEN i.status = 'issued' THEN 0 ELSE i.total_minor END
    """,
)
