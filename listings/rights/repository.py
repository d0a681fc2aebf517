"""SQL of rights."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.rights.tables import ResourceRight


async def get(session: AsyncSession, right_id: UUID) -> ResourceRight | None:
    """The right, whoever asks."""
    return await session.get(ResourceRight, right_id)


async def list_of_resource(
    session: AsyncSession, resource_id: UUID, page: PageRequest
) -> tuple[Sequence[ResourceRight], str | None]:
    """One page of the rights to a resource."""
    statement = select(ResourceRight).where(col(ResourceRight.resource_id) == resource_id)
    return await paginate(session, statement, col(ResourceRight.id), page)


async def list_of_resources(session: AsyncSession, resource_ids: Iterable[UUID]) -> Sequence[ResourceRight]:
    """Every right to any of the resources."""
    statement = select(ResourceRight).where(col(ResourceRight.resource_id).in_(list(resource_ids)))
    return (await session.exec(statement)).all()
