"""A bank account moved in the books by as much as on its statements."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The books know an account from its first statement on.
check = QueryCheck(
    BreakKind.BANK_BALANCE,
    "account",
    """
SELECT b.code, coalesce(p.amount, 0) - b.moved, b.currency, b.since, NULL::uuid,
       'moved ' || coalesce(p.amount, 0) || ' minor units in the books and ' || b.moved || ' on its statements'
  FROM (SELECT 'bank:' || account || ':' || currency AS code, currency,
               sum(closing_minor - opening_minor)::bigint AS moved, max(imported_at) AS since
          FROM bank_statements GROUP BY account, currency) b
  LEFT JOIN ledger_accounts a ON a.code = b.code
  LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount FROM ledger_postings GROUP BY account_id) p
         ON p.account_id = a.id
 WHERE coalesce(p.amount, 0) <> b.moved
    """,
)
