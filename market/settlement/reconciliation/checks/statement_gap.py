"""A bank statement opens with the balance that the one before it closed with."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.STATEMENT_GAP,
    "bank_statement",
    """
SELECT statement_id, opening_minor - before, currency, imported_at, NULL::uuid,
       'opens with ' || opening_minor || ' minor units; the statement before it closed with ' || before
  FROM (SELECT statement_id, opening_minor, currency, imported_at,
               lag(closing_minor) OVER (PARTITION BY account, currency
                                        ORDER BY coalesce(covers_from, imported_at), id) AS before
          FROM bank_statements) s
 WHERE before <> opening_minor
    """,
)
