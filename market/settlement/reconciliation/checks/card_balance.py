"""The card account holds the card payments less the refunds."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.CARD_BALANCE,
    "account",
    """
SELECT code, booked - expected, currency, now(), NULL::uuid,
       'holds', jsonb_build_object('booked_minor', booked, 'expected_minor', expected)
  FROM (SELECT a.code, a.currency,
               coalesce((SELECT sum(amount) FROM ledger_postings WHERE account_id = a.id), 0)::bigint AS booked,
               (coalesce((SELECT sum(amount_minor) FROM card_payments
                           WHERE status = 'succeeded' AND currency = a.currency), 0)
                - coalesce((SELECT sum(amount_minor) FROM refunds
                             WHERE rail = 'card' AND status = 'succeeded'
                               AND currency = a.currency), 0))::bigint AS expected
          FROM ledger_accounts a WHERE a.role = 'card') c
 WHERE booked <> expected
    """,
    {
        "holds": Message("holds {booked_minor}; card payments less refunds come to {expected_minor}"),
    },
)
