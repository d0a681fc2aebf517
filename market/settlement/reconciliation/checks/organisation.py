"""Every organisation was verified by a decision in the audit log, and is suspended while a stop says so."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# The first platform organisation is made with the installation.
check = QueryCheck(
    BreakKind.ORGANISATION,
    "organisation",
    """
SELECT o.id::text, 1::bigint, NULL::text, coalesce(o.verified_at, o.registered_at), o.id,
       'undecided', NULL::jsonb
  FROM organisations o
 WHERE (o.status = 'verified' OR o.verified_at IS NOT NULL)
   AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.subject_id = o.id
                      AND e.action IN ('organisation.verified', 'administrator.bootstrapped'))
UNION ALL
SELECT o.id::text, CASE WHEN o.status = 'suspended' THEN 1 ELSE -1 END, NULL, coalesce(s.placed_at, now()), o.id,
       CASE WHEN s.id IS NULL THEN 'no_stop' ELSE 'stop' END,
       jsonb_build_object('status', jsonb_build_object('$code', o.status, 'of', 'OrganisationStatus'))
  FROM organisations o
  LEFT JOIN LATERAL (SELECT id, placed_at FROM stops
                      WHERE subject_id = o.id AND subject_kind = 'organisation' AND lifted_at IS NULL
                        AND begins_at <= now() LIMIT 1) s ON true
 WHERE (o.status = 'suspended') <> (s.id IS NOT NULL)
    """,
    {
        "undecided": Message("is verified by no decision of the audit log"),
        "no_stop": Message("is {status} and no stop is on it"),
        "stop": Message("is {status} and a stop is on it"),
    },
)
