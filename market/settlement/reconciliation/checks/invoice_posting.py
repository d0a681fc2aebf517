"""The books and the payments on record agree with the status of each invoice and with what is paid of it."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The journals of an invoice: what was booked under its id on either side of what the buyer owes.
check = QueryCheck(
    BreakKind.INVOICE_POSTING,
    "invoice",
    """
SELECT i.document_number,
       -- What is wrong may be its status alone: then all of it is.
       coalesce(nullif(coalesce(b.billed, 0) - i.total_minor, 0), nullif(coalesce(b.paid, 0) - i.paid_minor, 0),
                nullif(coalesce(p.paid, 0) - i.paid_minor, 0), i.total_minor),
       i.currency, i.issued_at, NULL::uuid,
       'differs', jsonb_build_object('status', jsonb_build_object('$code', i.status, 'of', 'InvoiceStatus'),
                                     'paid_minor', i.paid_minor, 'total_minor', i.total_minor,
                                     'booked_billed_minor', coalesce(b.billed, 0),
                                     'booked_paid_minor', coalesce(b.paid, 0), 'payments_minor', coalesce(p.paid, 0))
  FROM invoices i
  LEFT JOIN (SELECT invoice_id, sum(amount_minor)::bigint AS paid FROM payments o
              WHERE NOT EXISTS (SELECT FROM payment_reversals r WHERE r.payment_id = o.id)
              GROUP BY invoice_id) p ON p.invoice_id = i.id
  LEFT JOIN (SELECT j.source_id,
                    sum(x.amount) FILTER (WHERE j.source_kind = 'invoice')::bigint AS billed,
                    -sum(x.amount) FILTER (WHERE j.source_kind = 'payment')::bigint AS paid
               FROM ledger_journals j
               JOIN ledger_postings x ON x.journal_id = j.id
               JOIN ledger_accounts a ON a.id = x.account_id AND a.role = 'receivable'
              WHERE j.source_kind IN ('invoice', 'payment') GROUP BY j.source_id) b ON b.source_id = i.id
 WHERE coalesce(b.billed, 0) <> i.total_minor
    OR coalesce(b.paid, 0) <> i.paid_minor
    OR coalesce(p.paid, 0) <> i.paid_minor
    OR (i.status = 'issued' AND i.total_minor > 0) <> (i.paid_minor < i.total_minor)
    """,
    {
        "differs": Message(
            "is {status} with {paid_minor} of {total_minor} paid; booked as billed {booked_billed_minor}, as paid"
            " {booked_paid_minor}, payments of {payments_minor}"
        ),
    },
)
