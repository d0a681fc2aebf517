"""SQL of resources."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.authorisations.states import AuthorisationStatus
from listings.authorisations.tables import Authorisation, AuthorisationResource
from listings.resources.tables import DataResource


def visible_to(actor: Actor) -> SelectOfScalar[DataResource]:
    """Resources the actor may know of: all to a regulator, one's own, and those one is or was authorised for."""
    statement = select(DataResource)
    if actor.organisation_kind is OrganisationKind.REGULATOR:
        return statement
    authorised = (
        select(AuthorisationResource.resource_id)
        .join(Authorisation, col(Authorisation.id) == col(AuthorisationResource.authorisation_id))
        .where(
            col(Authorisation.operator_id) == actor.organisation_id,
            col(Authorisation.status) != AuthorisationStatus.DECLINED,
        )
    )
    return statement.where(
        (col(DataResource.owner_id) == actor.organisation_id) | col(DataResource.id).in_(authorised)
    )


async def visible(session: AsyncSession, actor: Actor, resource_id: UUID) -> DataResource | None:
    """The resource, when the actor may know of it."""
    statement = visible_to(actor).where(col(DataResource.id) == resource_id)
    return (await session.exec(statement)).one_or_none()


async def page_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[DataResource], str | None]:
    """One page of the resources the actor may know of."""
    return await paginate(session, visible_to(actor), col(DataResource.id), page)


async def lock(session: AsyncSession, owner_id: UUID, ids: Iterable[UUID]) -> Sequence[DataResource]:
    """The owner's resources among these, locked in id order until the transaction ends."""
    statement = (
        select(DataResource)
        .where(col(DataResource.id).in_(list(ids)), col(DataResource.owner_id) == owner_id)
        .order_by(col(DataResource.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def get(session: AsyncSession, resource_id: UUID) -> DataResource | None:
    """The resource, whoever asks."""
    return await session.get(DataResource, resource_id)
