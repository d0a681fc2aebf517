"""Use cases of impact assessments: put on file by a party, looked at before publication."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.retention import kept_until
from listings.impact_assessments import repository
from listings.impact_assessments.domain import (
    AssessmentGround,
    FiledAssessment,
    grounds_text,
    missing_grounds,
    require_validity,
)
from listings.impact_assessments.schemas import ImpactAssessmentCreate
from listings.impact_assessments.tables import ImpactAssessment
from listings.products import service as products


async def file(
    session: AsyncSession, actor: Actor, product_id: UUID, data: ImpactAssessmentCreate
) -> ImpactAssessment:
    """The operator or the owner puts an assessment on file, in any state of the product.

    :raises NotFound: the actor is neither.
    :raises AssessmentRefused: it is valid at no time to come.
    """
    product = await products.lock_party(session, actor, product_id)
    moment, rules = await now(session), await rulebook.in_force(session)
    require_validity(data.valid_from, data.valid_until, moment)
    row = ImpactAssessment(
        product_id=product.id,
        version=await repository.last_version(session, product.id) + 1,
        grounds=[ground.value for ground in grounds_text(data.grounds)],
        sha256=data.sha256,
        note=data.note,
        valid_from=data.valid_from,
        valid_until=data.valid_until,
        filed_at=moment,
        filed_by=actor.id,
        filed_by_organisation=actor.organisation_id,
        kept_until=max(kept_until(rules, moment), data.valid_until),
        rules=rules.stamp(),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="impact_assessment.filed",
        subject_kind="product",
        subject_id=product.id,
        detail={"assessment_id": str(row.id), "sha256": row.sha256, "grounds": row.grounds},
        rules=rules,
    )
    return row


async def list_of_product(
    session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ImpactAssessment], str | None]:
    """One page of the assessments of a product the actor can access, newest first.

    :raises NotFound: there is none the actor can access.
    """
    product = await products.access_product(session, actor, product_id)
    return await repository.list_of_product(session, product.id, page)


async def get_missing(
    session: AsyncSession, product_id: UUID, *, personal: bool, sensitive: bool, moment: datetime
) -> list[AssessmentGround]:
    """The grounds on which a product needs an assessment and none is valid at a moment."""
    if not personal:
        return []
    filed = [
        FiledAssessment(
            frozenset(AssessmentGround(ground) for ground in row.grounds), row.valid_from, row.valid_until
        )
        for row in await repository.list_all(session, product_id)
    ]
    return missing_grounds(filed, personal=personal, sensitive=sensitive, now=moment)
