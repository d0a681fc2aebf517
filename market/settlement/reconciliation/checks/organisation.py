"""Every organisation was verified by a decision in the audit log, and is suspended while a stop says so."""

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
UNION ALL
SELECT o.id::text, CASE WHEN o.status = 'suspended' THEN 1 ELSE -1 END, NULL, coalesce(s.placed_at, now()), o.id,
       'is ' || o.status || CASE WHEN s.id IS NULL THEN ' and no stop is on it' ELSE ' and a stop is on it' END
  FROM organisations o
  LEFT JOIN LATERAL (SELECT id, placed_at FROM stops
                      WHERE subject_id = o.id AND subject_kind = 'organisation' AND lifted_at IS NULL LIMIT 1) s ON true
 WHERE (o.status = 'suspended') <> (s.id IS NOT NULL)
    """,
)
