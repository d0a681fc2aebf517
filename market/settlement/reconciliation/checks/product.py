"""Every product on the market, and the edition of it that is in force, was approved by a decision in the audit log."""

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
 UNION ALL
SELECT p.id::text, 1::bigint, NULL::text, n.effective_at, p.operator_id, 'edition', NULL::jsonb
  FROM data_products p JOIN product_editions n ON n.id = p.edition_id
 WHERE p.status = 'published' AND n.number > 1
   AND NOT EXISTS (SELECT FROM audit_entries e
                    WHERE e.subject_id = n.id AND e.action = 'product_edition.approved'
                      AND e.detail ->> 'digest' = n.digest
                      AND e.organisation_id NOT IN (p.operator_id, p.owner_id))
    """,
    {
        "undecided": Message("is published and was approved by no decision of the audit log"),
        "edition": Message("shows an edition that was approved by no decision of the audit log"),
    },
)
