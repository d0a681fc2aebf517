"""SQL of impact assessments."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.impact_assessments.tables import ImpactAssessment


async def last_version(session: AsyncSession, product_id: UUID) -> int:
    """Number of the newest assessment of a product; 0 where there is none."""
    statement = select(sa.func.coalesce(sa.func.max(ImpactAssessment.version), 0)).where(
        col(ImpactAssessment.product_id) == product_id
    )
    return int((await session.exec(statement)).one())


async def list_all(session: AsyncSession, product_id: UUID) -> Sequence[ImpactAssessment]:
    """Every assessment of a product, oldest first."""
    statement = (
        select(ImpactAssessment)
        .where(col(ImpactAssessment.product_id) == product_id)
        .order_by(col(ImpactAssessment.version))
    )
    return (await session.exec(statement)).all()


async def list_of_product(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ImpactAssessment], str | None]:
    """One page of a product's assessments, newest first."""
    statement = select(ImpactAssessment).where(col(ImpactAssessment.product_id) == product_id)
    return await paginate(session, statement, col(ImpactAssessment.id), page)
