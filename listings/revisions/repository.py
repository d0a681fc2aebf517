"""SQL of revisions."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.revisions.tables import ProductRevision


async def get(session: AsyncSession, revision_id: UUID) -> ProductRevision | None:
    """The revision, whoever asks."""
    return await session.get(ProductRevision, revision_id)


async def known_ids(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these ids are revisions."""
    statement = select(ProductRevision.id).where(col(ProductRevision.id).in_(ids))
    return set((await session.exec(statement)).all())


async def list_product_ids(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of products with revisions, in their order, from after one on."""
    statement = select(ProductRevision.product_id).distinct().order_by(col(ProductRevision.product_id))
    if after is not None:
        statement = statement.where(col(ProductRevision.product_id) > after)
    return (await session.exec(statement.limit(limit))).all()


async def list_newest(session: AsyncSession, product_id: UUID, limit: int) -> Sequence[ProductRevision]:
    """The newest revisions of a product, newest first."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == product_id)
        .order_by(col(ProductRevision.number).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def list_after(
    session: AsyncSession, product_id: UUID, number: int, limit: int
) -> Sequence[ProductRevision]:
    """The revisions of a product after a number, oldest first."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == product_id, col(ProductRevision.number) > number)
        .order_by(col(ProductRevision.number))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def list_of_product(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductRevision], str | None]:
    """One page of the revisions of a product, newest first."""
    statement = select(ProductRevision).where(col(ProductRevision.product_id) == product_id)
    return await paginate(session, statement, col(ProductRevision.id), page)
