"""A card payment that succeeded paid its invoice, and none stays open for more than a day."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.CARD_PAYMENT,
    "card_payment",
    """
SELECT c.id::text, coalesce(p.amount_minor, 0) - CASE WHEN c.status = 'succeeded' THEN c.amount_minor ELSE 0 END,
       c.currency, c.requested_at, NULL::uuid,
       'is ' || c.status || '; the payment on record comes to ' || coalesce(p.amount_minor, 0) || ' minor units'
  FROM card_payments c
  LEFT JOIN payments p ON p.source_id = c.id AND p.rail = 'card'
 WHERE coalesce(p.amount_minor, 0) <> CASE WHEN c.status = 'succeeded' THEN c.amount_minor ELSE 0 END
UNION ALL
SELECT c.id::text, c.amount_minor, c.currency, c.requested_at, NULL::uuid,
       'is ' || c.status || ' for more than a day'
  FROM card_payments c
 WHERE c.status IN ('requested', 'requires_action') AND c.requested_at < now() - interval '1 day'
    """,
)
