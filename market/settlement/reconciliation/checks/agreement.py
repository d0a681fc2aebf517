"""The document of every agreement is the one whose digest was signed, by the operator and then by the buyer."""

from datetime import datetime

from contracts.agreements import service as agreements
from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import Break, BreakKind

_signed = QueryCheck(
    BreakKind.AGREEMENT,
    "agreement",
    """
SELECT a.id::text, s.signatures - s.needed, NULL::text, coalesce(a.finalized_at, a.requested_at), a.operator_id,
       'unsigned', jsonb_build_object('status', jsonb_build_object('$code', a.status, 'of', 'AgreementStatus'),
                                      'signatures', s.signatures, 'needed', s.needed)
  FROM agreements a
  JOIN LATERAL (SELECT count(*) FILTER (WHERE g.organisation_id IN (a.operator_id, a.buyer_id)
                                          AND g.digest = a.digest) AS signatures,
                       CASE WHEN a.finalized_at IS NOT NULL THEN 2 WHEN a.status = 'agreed' THEN 1 ELSE 0 END AS needed
                  FROM agreement_signatures g WHERE g.agreement_id = a.id) s ON true
 WHERE s.signatures < s.needed
    """,
    {
        "unsigned": Message("is {status} with {signatures} of the {needed} signatures under its digest"),
    },
)


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Agreements whose terms are not what was signed, or that nobody signed."""
    altered = [
        Break(
            kind=BreakKind.AGREEMENT,
            subject_kind="agreement",
            subject=str(agreement_id),
            difference=1,
            currency=None,
            owner_id=None,
            since=requested_at,
            explanation=Message("has other terms than the digest that was signed"),
        )
        async for agreement_id, requested_at in agreements.altered(session)
    ]
    return [*altered, *await _signed(session, moment)]
