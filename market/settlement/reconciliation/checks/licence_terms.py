"""A licence is what its agreement says, its counters are what the licence says: term, purposes, quotas, chain."""

from datetime import datetime

from infra import units
from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import Break, BreakKind

_TEXTS = {
    "licence_never_issued": Message("has counters and was never issued"),
    "agreement": Message("is of no concluded agreement"),
    "parties": Message("names other parties than its agreement"),
    "term": Message("has another term than its agreement"),
    "coverage": Message("covers other purposes, scenarios, regions or columns than its agreement"),
    "quotas": Message("has other quotas than its agreement"),
    "no_counters": Message("has no counters"),
    "counted_for": Message("is counted for another agreement, product or term"),
    "counted_purpose": Message("is counted for another purpose"),
    "counted_quotas": Message("is counted against other quotas"),
    "chain": Message("is not stopped by every link of its chain"),
}


def _terms() -> QueryCheck:
    """Compares document, licence and counters, for the units of the registry."""
    limited = [unit for unit in units.UNITS if unit.quota]
    # What was signed in the first releases has a member for each unit.
    signed = " OR ".join(
        f"l.quota_{unit.slot} IS DISTINCT FROM coalesce((a.document -> 'quotas' ->> '{unit.code}')::bigint,"
        f" (a.document ->> 'quota_{unit.code}')::bigint)"
        for unit in limited
    )
    kept = " OR ".join(
        f"c.quota_{slot} IS DISTINCT FROM l.quota_{slot}" for slot in range(1, units.SLOTS + 1)
    )
    return QueryCheck(
        BreakKind.LICENCE_TERMS,
        "licence",
        f"""
SELECT id::text, 1::bigint, NULL::text, since, NULL::uuid, fault, NULL::jsonb
  FROM (SELECT coalesce(l.id, c.licence_id) AS id, coalesce(l.issued_at, c.period_opened_at) AS since,
               CASE WHEN l.id IS NULL THEN 'licence_never_issued'
                    WHEN a.id IS NULL OR a.finalized_at IS NULL OR a.digest <> l.agreement_digest
                        THEN 'agreement'
                    WHEN (a.product_id, a.owner_id, a.operator_id, a.buyer_id)
                         <> (l.product_id, l.owner_id, l.operator_id, l.buyer_id)
                        THEN 'parties'
                    WHEN (a.document ->> 'valid_from')::timestamptz <> l.valid_from
                         OR (a.document ->> 'valid_until')::timestamptz <> l.valid_until
                        THEN 'term'
                    WHEN a.document -> 'purposes' <> to_jsonb(l.purposes)
                         OR a.document -> 'columns' <> to_jsonb(l.columns)
                         -- What was signed before these travelled names none.
                         OR a.document -> 'scenarios' <> to_jsonb(l.scenarios)
                         OR a.document -> 'regions' <> to_jsonb(l.regions)
                        THEN 'coverage'
                    WHEN {signed} THEN 'quotas'
                    WHEN c.licence_id IS NULL THEN 'no_counters'
                    WHEN (c.agreement_id, c.product_id, c.valid_from, c.valid_until)
                         <> (l.agreement_id, l.product_id, l.valid_from, l.valid_until)
                        THEN 'counted_for'
                    WHEN c.sole_purpose IS DISTINCT FROM CASE WHEN cardinality(l.purposes) = 1 THEN l.purposes[1] END
                        THEN 'counted_purpose'
                    WHEN {kept} THEN 'counted_quotas'
                    WHEN NOT (c.links @> chain.links AND c.links <@ chain.links)
                        THEN 'chain'
               END AS fault
          FROM licences l
          FULL JOIN licence_counters c ON c.licence_id = l.id
          LEFT JOIN agreements a ON a.id = l.agreement_id
          LEFT JOIN LATERAL (SELECT ARRAY[a.id, a.product_id, a.owner_id, a.operator_id, a.buyer_id,
                                          (a.document ->> 'resource_id')::uuid, (a.document ->> 'right_id')::uuid,
                                          (a.document ->> 'authorisation_id')::uuid] AS links) chain ON true) compared
 WHERE fault IS NOT NULL
        """,  # noqa: S608 -- codes and numbers of our own
        _TEXTS,
    )


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Licences that open, or count against, something else than was signed."""
    return await _terms()(session, moment)
