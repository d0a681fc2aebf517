"""SQL of freshness."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from infra.db import AsyncSession
from infra.stops import service as stops
from listings.freshness.domain import PROMISES
from listings.freshness.tables import OverdueNotice
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.resources.domain import UpdateFrequency
from listings.revisions.tables import ProductRevision
from quality.runs import service as quality


async def list_uploads(
    session: AsyncSession, product_id: UUID, limit: int
) -> Sequence[tuple[UUID, datetime]]:
    """Id and time of the newest uploads of a product, newest first."""
    statement = (
        sa.select(col(ProductRevision.id), col(ProductRevision.uploaded_at))
        .where(col(ProductRevision.product_id) == product_id)
        .order_by(col(ProductRevision.number).desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def list_promising(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[tuple[UUID, UpdateFrequency, datetime | None]]:
    """Published products that promise something and are not suspended, by id, with their newest arrival."""
    newest = (
        sa.select(sa.func.max(col(ProductRevision.uploaded_at)))
        .where(
            col(ProductRevision.product_id) == col(DataProduct.id),
            quality.has_passed(col(ProductRevision.id)),
            ~stops.any_active(col(ProductRevision.id)),
        )
        .correlate(DataProduct)
        .scalar_subquery()
    )
    statement = (
        sa.select(col(DataProduct.id), col(DataProduct.update_frequency), newest)
        .where(
            col(DataProduct.status) == ProductStatus.PUBLISHED,
            col(DataProduct.update_frequency).in_(PROMISES),
            ~stops.any_active(col(DataProduct.id)),
        )
        .order_by(col(DataProduct.id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(col(DataProduct.id) > after)
    return [(row[0], row[1], row[2]) for row in (await session.execute(statement)).all()]


async def add_notice(session: AsyncSession, notice: OverdueNotice) -> bool:
    """Keep that a lapse was told; says whether it was not told before."""
    statement = (
        insert(OverdueNotice)
        .values(**notice.model_dump())
        .on_conflict_do_nothing()
        .returning(col(OverdueNotice.product_id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None
