"""Every rule that somebody set was set by a decision in the audit log."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# What no one approved came with a release.
check = QueryCheck(
    BreakKind.RULE,
    "rulebook_parameter",
    """
SELECT r.key || '/' || r.version, 1::bigint, NULL::text, r.recorded_at, NULL::uuid,
       'undecided', NULL::jsonb
  FROM rulebook_parameters r
 WHERE r.approved_by IS NOT NULL
   AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.subject_id = r.id AND e.action = 'rulebook.parameter_set'
                      AND e.actor_id = r.approved_by AND e.detail -> 'value' = r.value)
UNION ALL
SELECT r.key || '/' || r.version, 1, NULL, r.recorded_at, NULL,
       'alone', NULL
  FROM rulebook_parameters r
 WHERE r.proposal_id IS NOT NULL
   AND (r.proposed_by = r.approved_by
        OR NOT EXISTS (SELECT FROM audit_entries e WHERE e.subject_id = r.proposal_id AND e.action = 'rulebook.proposed'
                          AND e.actor_id = r.proposed_by AND e.detail -> 'value' = r.value)
        OR NOT EXISTS (SELECT FROM audit_entries e WHERE e.subject_id = r.proposal_id AND e.action = 'rulebook.approved'
                          AND e.actor_id = r.approved_by))
    """,
    {
        "undecided": Message("was set by no decision of the audit log"),
        "alone": Message("was proposed and approved by no two persons of the audit log"),
    },
)
