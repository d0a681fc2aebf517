"""SQL of products."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.stops import service as stops
from listings.authorisations import service as authorisations
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from quality.waivers import service as waivers


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Products the actor can access.

    One's own, and to a regulator all that were ever submitted, or for which a regulator was asked for a waiver.
    """
    if actor.oversees(OrganisationKind.REGULATOR):
        return sa.or_(col(DataProduct.submitted_at).is_not(None), waivers.was_requested(col(DataProduct.id)))
    return sa.or_(
        col(DataProduct.operator_id) == actor.organisation_id,
        col(DataProduct.owner_id) == actor.organisation_id,
    )


def on_market() -> sa.ColumnElement[bool]:
    """Published products whose authorisation is in force and of which no link has an active stop."""
    return sa.and_(
        col(DataProduct.status) == ProductStatus.PUBLISHED,
        authorisations.in_force_for(col(DataProduct.authorisation_id), col(DataProduct.resource_id)),
        ~stops.any_active(col(DataProduct.id)),
    )


async def get_visible(
    session: AsyncSession, actor: Actor, product_id: UUID, *, lock: bool = False
) -> DataProduct | None:
    """The product, when the actor can access it; locked until the transaction ends if asked."""
    statement = select(DataProduct).where(visible_to(actor), col(DataProduct.id) == product_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_visible(
    session: AsyncSession, actor: Actor, status: ProductStatus | None, stopped: bool | None, page: PageRequest
) -> tuple[Sequence[DataProduct], str | None]:
    """One page of the products the actor can access."""
    statement = select(DataProduct).where(visible_to(actor))
    if status is not None:
        statement = statement.where(col(DataProduct.status) == status)
    if stopped is not None:
        statement = statement.where(stops.any_active(col(DataProduct.id)) == stopped)
    return await paginate(session, statement, col(DataProduct.id), page)


async def list_published_on(session: AsyncSession, resource_id: UUID) -> Sequence[DataProduct]:
    """Every product on a resource that was ever published, in id order, locked until the transaction ends."""
    statement = (
        select(DataProduct)
        .where(col(DataProduct.resource_id) == resource_id, col(DataProduct.published_at).is_not(None))
        .order_by(col(DataProduct.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def list_under(session: AsyncSession, authorisation_id: UUID) -> Sequence[DataProduct]:
    """The products of an authorisation, oldest first."""
    statement = (
        select(DataProduct)
        .where(col(DataProduct.authorisation_id) == authorisation_id)
        .order_by(col(DataProduct.id))
    )
    return (await session.exec(statement)).all()


async def get(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """The product, whoever asks."""
    return await session.get(DataProduct, product_id)


async def lock(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """The product, whoever asks; locked until the transaction ends, as the database has it now."""
    statement = (
        select(DataProduct)
        .where(col(DataProduct.id) == product_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def get_on_market(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """The product, when it is on the market."""
    statement = select(DataProduct).where(on_market(), col(DataProduct.id) == product_id)
    return (await session.exec(statement)).one_or_none()


async def list_operated(session: AsyncSession, operator_id: UUID, limit: int) -> Sequence[DataProduct]:
    """The newest products of an operator that were not withdrawn."""
    statement = (
        select(DataProduct)
        .where(
            col(DataProduct.operator_id) == operator_id,
            col(DataProduct.status) != ProductStatus.WITHDRAWN,
        )
        .order_by(col(DataProduct.id).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def list_of_resource(session: AsyncSession, resource_id: UUID) -> Sequence[DataProduct]:
    """Products made of a resource that were not withdrawn, oldest first."""
    statement = (
        select(DataProduct)
        .where(
            col(DataProduct.resource_id) == resource_id, col(DataProduct.status) != ProductStatus.WITHDRAWN
        )
        .order_by(col(DataProduct.id))
    )
    return (await session.exec(statement)).all()
