"""Every organisation was verified by a decision in the audit log."""

from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The first platform organisation is made with the installation.
check = QueryCheck(
    BreakKind.ORGANISATION,
    "organisation",
    """
SELECT o.id::text, 1::bigint, NULL::text, coalesce(o.verified_at, o.registered_at), o.id,
       'is verified by no decision of the audit log'
  FROM organisations o
 WHERE (o.status = 'verified' OR o.verified_at IS NOT NULL)
   AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.subject_id = o.id
                      AND e.action IN ('organisation.verified', 'administrator.bootstrapped'))
    """,
)
