"""A card payment that succeeded pays its invoice or was given back, and none stays open for more than a day."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.CARD_PAYMENT,
    "card_payment",
    """
SELECT c.id::text, coalesce(p.amount, 0) - CASE WHEN c.status = 'succeeded' THEN c.amount_minor ELSE 0 END,
       c.currency, c.requested_at, NULL::uuid,
       CASE WHEN r.id IS NULL THEN 'pays' ELSE 'refunded' END,
       jsonb_build_object('status', jsonb_build_object('$code', c.status, 'of', 'CardPaymentStatus'),
                          'paid_minor', coalesce(p.amount, 0), 'refund_id', r.id,
                          'refund_status', jsonb_build_object('$code', r.status, 'of', 'RefundStatus'))
  FROM card_payments c
  LEFT JOIN (SELECT o.source_id, sum(o.amount_minor)::bigint AS amount FROM payments o
              WHERE o.rail = 'card' AND NOT EXISTS (SELECT FROM payment_reversals v WHERE v.payment_id = o.id)
              GROUP BY o.source_id) p ON p.source_id = c.id
  LEFT JOIN refunds r ON r.card_payment_id = c.id AND r.status IN ('requested', 'approved', 'succeeded')
 WHERE coalesce(p.amount, 0) <> CASE WHEN c.status = 'succeeded' AND r.status IS DISTINCT FROM 'succeeded'
                                     THEN c.amount_minor ELSE 0 END
UNION ALL
SELECT c.id::text, c.amount_minor, c.currency, c.requested_at, NULL::uuid,
       'waits', jsonb_build_object('status', jsonb_build_object('$code', c.status, 'of', 'CardPaymentStatus'))
  FROM card_payments c
 WHERE c.status IN ('requested', 'requires_action') AND c.requested_at < now() - interval '1 day'
    """,
    {
        "pays": Message("is {status}; the payment on record comes to {paid_minor}"),
        "refunded": Message(
            "is {status}; the payment on record comes to {paid_minor}; refund {refund_id} is {refund_status}"
        ),
        "waits": Message("is {status} for more than a day"),
    },
)
