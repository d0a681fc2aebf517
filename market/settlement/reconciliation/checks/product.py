"""Every product on the market was published by a decision in the audit log."""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

check = QueryCheck(
    BreakKind.PRODUCT,
    "product",
    """
SELECT p.id::text, 1::bigint, NULL::text, p.published_at, p.operator_id,
       'undecided', NULL::jsonb
  FROM data_products p
 WHERE p.status = 'published'
   AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.subject_id = p.id AND e.action = 'product.published'
                      AND e.organisation_id NOT IN (p.operator_id, p.owner_id))
    """,
    {
        "undecided": Message("is published and was approved by no decision of the audit log"),
    },
)
