"""A bank account moved in the books by as much as on its statements."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The books know an account from its first statement on. What a corrected statement has once more, and what a statement
# lists again, is booked with the first; what a correction took back is booked no more.
check = QueryCheck(
    BreakKind.BANK_BALANCE,
    "account",
    """
SELECT b.code, coalesce(p.amount, 0) - b.moved, b.currency, b.since, NULL::uuid,
       'moved', jsonb_build_object('booked_minor', coalesce(p.amount, 0), 'stated_minor', b.moved)
  FROM (SELECT 'bank:' || account || ':' || currency AS code, currency,
               (sum(closing_minor - opening_minor)
                - sum((SELECT coalesce(sum(e.amount_minor), 0) FROM bank_entries e
                        WHERE e.bank_statement_id = s.id
                          AND (e.same_as_id IS NOT NULL
                               OR EXISTS (SELECT FROM bank_matches m
                                           WHERE m.entry_id = e.id AND m.status = 'void')))))::bigint AS moved,
               max(imported_at) AS since
          FROM bank_statements s GROUP BY account, currency) b
  LEFT JOIN ledger_accounts a ON a.code = b.code
  LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount FROM ledger_postings GROUP BY account_id) p
         ON p.account_id = a.id
 WHERE coalesce(p.amount, 0) <> b.moved
    """,
    {
        "moved": Message("moved {booked_minor} in the books and {stated_minor} on its statements"),
    },
)
