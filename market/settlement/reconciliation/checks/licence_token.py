"""Every licence token of the last days was issued by a decision in the audit log."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.LICENCE_TOKEN,
    "licence_token",
    """
SELECT t.id::text, 1::bigint, NULL::text, t.issued_at, NULL::uuid,
       'undecided', jsonb_build_object('licence_id', t.licence_id)
  FROM licence_tokens t
 WHERE t.issued_at > now() - interval '2 days'
   AND NOT EXISTS (SELECT FROM audit_entries e
                    WHERE e.subject_id = t.licence_id AND e.action = 'licence.token_issued'
                      AND e.actor_id = t.issued_to AND e.detail ->> 'token_id' = t.id::text)
    """,
    {
        "undecided": Message("of licence {licence_id} was issued by no decision of the audit log"),
    },
)
