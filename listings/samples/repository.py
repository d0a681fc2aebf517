"""SQL of samples."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.db import AsyncSession
from listings.samples.tables import ProductSample, SampleDecision, SampleKey


async def get(session: AsyncSession, sample_id: UUID) -> ProductSample | None:
    """The sample, whoever asks."""
    return await session.get(ProductSample, sample_id)


async def get_decision(session: AsyncSession, sample_id: UUID) -> SampleDecision | None:
    """What was decided about a sample."""
    return await session.get(SampleDecision, sample_id)


async def list_of_revision(
    session: AsyncSession, revision_id: UUID
) -> Sequence[tuple[ProductSample, SampleDecision | None]]:
    """The samples of a revision with what was decided about each, newest first, 100 at most."""
    statement = (
        select(ProductSample, SampleDecision)
        .join(SampleDecision, col(SampleDecision.sample_id) == col(ProductSample.id), isouter=True)
        .where(col(ProductSample.revision_id) == revision_id)
        .order_by(col(ProductSample.id).desc())
        .limit(100)
    )
    return (await session.exec(statement)).all()


async def newest_approved(session: AsyncSession, product_id: UUID) -> ProductSample | None:
    """The sample of a product that was approved last."""
    statement = (
        select(ProductSample)
        .join(SampleDecision, col(SampleDecision.sample_id) == col(ProductSample.id))
        .where(col(ProductSample.product_id) == product_id, col(SampleDecision.approved))
        .order_by(col(SampleDecision.decided_at).desc(), col(ProductSample.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def newest_carried(
    session: AsyncSession, revision_id: UUID, carried_from_id: UUID
) -> ProductSample | None:
    """The newest repetition of an approved draw on a revision."""
    statement = (
        select(ProductSample)
        .where(
            col(ProductSample.revision_id) == revision_id,
            col(ProductSample.carried_from_id) == carried_from_id,
        )
        .order_by(col(ProductSample.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def newest_of_service(session: AsyncSession, revision_id: UUID) -> ProductSample | None:
    """The first rows of a revision as the service drew them last."""
    statement = (
        select(ProductSample)
        .where(
            col(ProductSample.revision_id) == revision_id,
            col(ProductSample.carried_from_id).is_(None),
            col(ProductSample.drawn_by) == UUID(int=0),
        )
        .order_by(col(ProductSample.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def secret_of(session: AsyncSession, product_id: UUID, fresh: str) -> str:
    """The product's secret for hashing; the fresh one where it has none yet."""
    await session.execute(
        insert(SampleKey).values(product_id=product_id, secret=fresh).on_conflict_do_nothing()
    )
    statement = sa.select(col(SampleKey.secret)).where(col(SampleKey.product_id) == product_id)
    return str((await session.execute(statement)).scalar_one())
