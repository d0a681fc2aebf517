"""Nothing of a bank entry is held in suspense, and the suspense account holds what entries and cards say."""

from datetime import datetime

from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import Break, BreakKind

# What is set aside for a refund has not left yet; once it has, the entry that paid it stands against it.
_entries = QueryCheck(
    BreakKind.SUSPENSE,
    "bank_entry",
    """
SELECT s.statement_id || '/' || e.number, sum(p.amount_minor)::bigint, e.currency,
       e.booked_on::timestamp AT TIME ZONE 'UTC', NULL::uuid,
       CASE WHEN min(r.id::text) IS NULL THEN 'held' ELSE 'set_aside' END,
       jsonb_build_object('reason', m.reason, 'entry_id', e.id, 'refund_id', min(r.id::text),
                          'refund_status', jsonb_build_object('$code', min(r.status), 'of', 'RefundStatus'))
  FROM bank_match_parts p
  JOIN bank_matches m ON m.id = p.match_id
  JOIN bank_entries e ON e.id = m.entry_id
  JOIN bank_statements s ON s.id = e.bank_statement_id
  LEFT JOIN refunds r ON r.id = p.refund_id
 WHERE (p.kind = 'suspense' OR p.kind = 'refund' AND r.status IN ('requested', 'approved'))
   AND NOT EXISTS (SELECT FROM bank_matches n WHERE n.entry_id = m.entry_id AND n.number = m.number + 1)
 GROUP BY s.statement_id, e.id, m.reason
    """,
    {
        "held": Message("{reason} (bank entry {entry_id})"),
        "set_aside": Message("{reason} (bank entry {entry_id}, refund {refund_id} is {refund_status})"),
    },
)

_account = QueryCheck(
    BreakKind.SUSPENSE,
    "account",
    """
SELECT code, booked - held, currency, now(), NULL::uuid,
       'holds', jsonb_build_object('booked_minor', booked, 'held_minor', held)
  FROM (SELECT a.code, a.currency,
               coalesce((SELECT -sum(x.amount) FROM ledger_postings x WHERE x.account_id = a.id), 0)::bigint AS booked,
               (coalesce((SELECT sum(p.amount_minor) FROM bank_match_parts p
                            JOIN bank_matches m ON m.id = p.match_id
                            JOIN bank_entries e ON e.id = m.entry_id AND e.currency = a.currency
                            LEFT JOIN refunds r ON r.id = p.refund_id
                           WHERE (p.kind = 'suspense' OR p.kind = 'refund' AND r.invoice_id IS NULL)
                             AND NOT EXISTS (SELECT FROM bank_matches n
                                              WHERE n.entry_id = m.entry_id AND n.number = m.number + 1)), 0)
                + coalesce((SELECT sum(c.amount_minor) FROM card_payments c
                             WHERE c.status = 'succeeded' AND c.currency = a.currency
                               AND NOT EXISTS (SELECT FROM payments o WHERE o.source_id = c.id
                                                  AND NOT EXISTS (SELECT FROM payment_reversals v
                                                                   WHERE v.payment_id = o.id))
                               AND NOT EXISTS (SELECT FROM refunds g WHERE g.card_payment_id = c.id AND g.rail = 'card'
                                                  AND g.status = 'succeeded')), 0))::bigint AS held
          FROM ledger_accounts a WHERE a.role = 'suspense') t
 WHERE booked <> held
    """,
    {
        "holds": Message(
            "holds {booked_minor}; what bank entries and card payments leave there comes to {held_minor}"
        )
    },
)


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Entries of which something waits for a person, and accounts that do not hold as much as these say."""
    return [*await _entries(session, moment), *await _account(session, moment)]
