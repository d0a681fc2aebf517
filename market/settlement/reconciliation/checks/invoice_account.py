"""Every invoice that waits for a payment names a bank account in use, or there is one in its currency now."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.INVOICE_ACCOUNT,
    "invoice",
    """
SELECT i.document_number, i.total_minor, i.currency, i.issued_at, NULL::uuid,
       'none', jsonb_build_object('currency', i.currency)
  FROM invoices i
 WHERE i.status = 'issued'
   AND NOT EXISTS (SELECT FROM bank_accounts b
                    WHERE b.status = 'active' AND b.currency = i.currency
                      AND (b.for_invoices OR b.id::text = i.bank_account ->> 'id'))
    """,
    {
        "none": Message(
            "waits for a payment, and no bank account for invoices in {currency} is registered and confirmed"
        ),
    },
)
