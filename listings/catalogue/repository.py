"""SQL of the catalogue."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.stops.tables import Stop
from listings.authorisations.states import AuthorisationStatus
from listings.authorisations.tables import Authorisation, AuthorisationResource
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct


def on_market() -> SelectOfScalar[DataProduct]:
    """Published products whose authorisation is in force and of which no link has an active stop."""
    stopped = (
        sa.select(sa.literal(1))
        .where(
            col(Stop.lifted_at).is_(None),
            col(Stop.subject_id).in_(
                [
                    col(DataProduct.id),
                    col(DataProduct.authorisation_id),
                    col(DataProduct.resource_id),
                    col(DataProduct.owner_id),
                    col(DataProduct.operator_id),
                    col(AuthorisationResource.right_id),
                ]
            ),
        )
        .exists()
    )
    return (
        select(DataProduct)
        .join(Authorisation, col(Authorisation.id) == col(DataProduct.authorisation_id))
        .join(
            AuthorisationResource,
            sa.and_(
                col(AuthorisationResource.authorisation_id) == col(DataProduct.authorisation_id),
                col(AuthorisationResource.resource_id) == col(DataProduct.resource_id),
            ),
        )
        .where(
            col(DataProduct.status) == ProductStatus.PUBLISHED,
            col(Authorisation.status) == AuthorisationStatus.ACTIVE,
            col(Authorisation.valid_from) <= sa.func.now(),
            col(Authorisation.valid_until) > sa.func.now(),
            ~stopped,
        )
    )


async def search(
    session: AsyncSession, terms: Sequence[str], theme: str | None, page: PageRequest
) -> tuple[Sequence[DataProduct], str | None]:
    """One page of the products on the market that have every term and the theme, newest first."""
    statement = on_market()
    if terms:
        statement = statement.where(col(DataProduct.search_terms).contains(list(terms)))
    if theme is not None:
        statement = statement.where(col(DataProduct.themes).contains([theme]))
    return await paginate(session, statement, col(DataProduct.id), page)


async def product(session: AsyncSession, product_id: UUID) -> DataProduct | None:
    """The product, when it is on the market."""
    return (await session.exec(on_market().where(col(DataProduct.id) == product_id))).one_or_none()
