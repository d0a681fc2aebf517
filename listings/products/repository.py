"""SQL of products and revisions."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct, ProductRevision

QUEUE_LIMIT = 200


def visible_to(actor: Actor) -> SelectOfScalar[DataProduct]:
    """Products the actor may know of: one's own, and to a regulator all that were ever submitted."""
    statement = select(DataProduct)
    if actor.organisation_kind is OrganisationKind.REGULATOR:
        return statement.where(col(DataProduct.submitted_at).is_not(None))
    return statement.where(
        sa.or_(
            col(DataProduct.operator_id) == actor.organisation_id,
            col(DataProduct.owner_id) == actor.organisation_id,
        )
    )


async def visible(
    session: AsyncSession, actor: Actor, product_id: UUID, *, lock: bool = False
) -> DataProduct | None:
    """The product, when the actor may know of it; locked until the transaction ends if asked."""
    statement = visible_to(actor).where(col(DataProduct.id) == product_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def page_visible(
    session: AsyncSession, actor: Actor, status: ProductStatus | None, page: PageRequest
) -> tuple[Sequence[DataProduct], str | None]:
    """One page of the products the actor may know of."""
    statement = visible_to(actor)
    if status is not None:
        statement = statement.where(col(DataProduct.status) == status)
    return await paginate(session, statement, col(DataProduct.id), page)


async def product(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """The product, whoever asks."""
    return await session.get(DataProduct, product_id)


async def submitted(session: AsyncSession) -> Sequence[DataProduct]:
    """Products that wait for a reviewer, longest waiting first, at most `QUEUE_LIMIT`."""
    statement = (
        select(DataProduct)
        .where(col(DataProduct.status) == ProductStatus.SUBMITTED)
        .order_by(col(DataProduct.submitted_at))
        .limit(QUEUE_LIMIT)
    )
    return (await session.exec(statement)).all()


async def revision(session: AsyncSession, revision_id: UUID) -> ProductRevision | None:
    """The revision, whoever asks."""
    return await session.get(ProductRevision, revision_id)


async def known_revisions(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these ids are revisions."""
    statement = select(ProductRevision.id).where(col(ProductRevision.id).in_(ids))
    return set((await session.exec(statement)).all())


async def newest_revisions(session: AsyncSession, product_id: UUID, limit: int) -> Sequence[ProductRevision]:
    """The newest revisions of a product, newest first."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == product_id)
        .order_by(col(ProductRevision.number).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def page_revisions(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductRevision], str | None]:
    """One page of the revisions of a product, newest first."""
    statement = select(ProductRevision).where(col(ProductRevision.product_id) == product_id)
    return await paginate(session, statement, col(ProductRevision.id), page)
