"""SQL of editions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.editions.states import OPEN, PUBLISHED, EditionStatus
from listings.editions.tables import EditionExplanation, EditionRemark, EditionReview, ProductEdition
from listings.products.tables import DataProduct


def _visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Editions of one's own products, and to a regulator all that were ever submitted."""
    if actor.oversees(OrganisationKind.REGULATOR):
        return col(ProductEdition.submitted_at).is_not(None)
    parties = (DataProduct.operator_id, DataProduct.owner_id)
    return (
        sa.select(1)
        .where(
            col(DataProduct.id) == col(ProductEdition.product_id),
            sa.or_(*(col(party) == actor.organisation_id for party in parties)),
        )
        .exists()
    )


async def get_visible(session: AsyncSession, actor: Actor, edition_id: UUID) -> ProductEdition | None:
    """The edition as the database has it now, when the actor can access it."""
    statement = select(ProductEdition).where(_visible_to(actor), col(ProductEdition.id) == edition_id)
    statement = statement.execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_visible(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID | None,
    status: EditionStatus | None,
    page: PageRequest,
) -> tuple[Sequence[ProductEdition], str | None]:
    """One page of the editions the actor can access."""
    statement = select(ProductEdition).where(_visible_to(actor))
    if product_id is not None:
        statement = statement.where(col(ProductEdition.product_id) == product_id)
    if status is not None:
        statement = statement.where(col(ProductEdition.status) == status)
    return await paginate(session, statement, col(ProductEdition.id), page)


async def list_published(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductEdition], str | None]:
    """One page of the editions of a product that took effect, newest first."""
    statement = select(ProductEdition).where(
        col(ProductEdition.product_id) == product_id, col(ProductEdition.status).in_(PUBLISHED)
    )
    return await paginate(session, statement, col(ProductEdition.id), page)


async def list_frequencies(session: AsyncSession, product_id: UUID) -> Sequence[tuple[str, datetime]]:
    """The update frequency that each edition of a product said, and from when on, the one in force first."""
    statement = (
        sa.select(
            col(ProductEdition.document)["update_frequency"].astext,
            col(ProductEdition.effective_at),
        )
        .where(col(ProductEdition.product_id) == product_id, col(ProductEdition.status).in_(PUBLISHED))
        .order_by(col(ProductEdition.number).desc())
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def get_published(session: AsyncSession, product_id: UUID, number: int) -> ProductEdition | None:
    """The edition of this number."""
    statement = select(ProductEdition).where(
        col(ProductEdition.product_id) == product_id, col(ProductEdition.number) == number
    )
    return (await session.exec(statement)).one_or_none()


async def get_many(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, ProductEdition]:
    """Editions by their ids."""
    rows = (await session.exec(select(ProductEdition).where(col(ProductEdition.id).in_(ids)))).all()
    return {row.id: row for row in rows}


async def get_open(session: AsyncSession, product_id: UUID) -> ProductEdition | None:
    """The edition of a product that is not decided yet."""
    statement = select(ProductEdition).where(
        col(ProductEdition.product_id) == product_id, col(ProductEdition.status).in_(OPEN)
    )
    statement = statement.execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def get_in_force(session: AsyncSession, product_id: UUID) -> ProductEdition | None:
    """The edition of a product that is in force."""
    statement = select(ProductEdition).where(
        col(ProductEdition.product_id) == product_id, col(ProductEdition.status) == EditionStatus.IN_FORCE
    )
    statement = statement.execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_reviews(session: AsyncSession, edition_id: UUID) -> Sequence[EditionReview]:
    """Every decision about an edition, oldest first."""
    statement = (
        select(EditionReview)
        .where(col(EditionReview.edition_id) == edition_id)
        .order_by(col(EditionReview.id))
    )
    return (await session.exec(statement)).all()


async def list_remarks(session: AsyncSession, review_ids: Collection[UUID]) -> Sequence[EditionRemark]:
    """What reviews said, in the order in which it was said."""
    statement = (
        select(EditionRemark)
        .where(col(EditionRemark.review_id).in_(review_ids))
        .order_by(col(EditionRemark.id))
    )
    return (await session.exec(statement)).all()


async def newest_explanations(
    session: AsyncSession, remark_ids: Collection[UUID]
) -> dict[UUID, EditionExplanation]:
    """The newest explanation of each remark that has one."""
    statement = (
        select(EditionExplanation)
        .where(col(EditionExplanation.remark_id).in_(remark_ids))
        .ext(distinct_on(col(EditionExplanation.remark_id)))
        .order_by(col(EditionExplanation.remark_id), col(EditionExplanation.id).desc())
    )
    return {row.remark_id: row for row in (await session.exec(statement)).all()}
