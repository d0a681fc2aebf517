"""A bank statement goes on from the balance that the one before it closed with, or officers have accepted the gap."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# Of a statement that was corrected the correction counts.
check = QueryCheck(
    BreakKind.STATEMENT_GAP,
    "bank_statement",
    """
SELECT statement_id, goes_on_from - before, currency, imported_at, NULL::uuid,
       'gap', jsonb_build_object('goes_on_from_minor', goes_on_from, 'before_minor', before)
  FROM (SELECT s.statement_id, s.opening_minor + s.relisted_minor AS goes_on_from, s.currency, s.imported_at,
               s.gap_before_id, lag(s.gap_after_id) OVER w AS gap_after_id, lag(s.closing_minor) OVER w AS before
          FROM bank_statements s
         WHERE NOT EXISTS (SELECT FROM bank_statements c WHERE c.replaces_id = s.id)
        WINDOW w AS (PARTITION BY s.account, s.currency ORDER BY s.place)) s
 WHERE before <> goes_on_from AND gap_before_id IS NULL AND gap_after_id IS NULL
    """,
    {
        "gap": Message(
            "goes on from {goes_on_from_minor}; the statement before it closed with {before_minor}"
        ),
    },
)
