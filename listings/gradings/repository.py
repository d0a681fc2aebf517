"""SQL of gradings."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.gradings.domain import DECISIONS, EFFECTIVE, GradingAction
from listings.gradings.tables import ColumnGrading


async def lock(session: AsyncSession, resource_id: UUID) -> None:
    """One change of the classes of a resource's columns at a time, until the transaction ends."""
    name = sa.func.hashtextextended(f"grading:{resource_id}", 0)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


async def list_effective(session: AsyncSession, resource_id: UUID) -> Sequence[ColumnGrading]:
    """What gave columns of a resource other classes, oldest first."""
    statement = (
        select(ColumnGrading)
        .where(
            col(ColumnGrading.resource_id) == resource_id, col(ColumnGrading.action).in_(sorted(EFFECTIVE))
        )
        .order_by(col(ColumnGrading.id))
    )
    return (await session.exec(statement)).all()


async def get_request(session: AsyncSession, resource_id: UUID, request_id: UUID) -> ColumnGrading | None:
    """A request of a resource."""
    statement = select(ColumnGrading).where(
        col(ColumnGrading.id) == request_id,
        col(ColumnGrading.resource_id) == resource_id,
        col(ColumnGrading.action) == GradingAction.REQUESTED,
    )
    return (await session.exec(statement)).one_or_none()


async def list_answers(session: AsyncSession, request_id: UUID) -> Sequence[ColumnGrading]:
    """What was decided about a request, oldest first: its decision, then its revocation."""
    statement = (
        select(ColumnGrading)
        .where(col(ColumnGrading.request_id) == request_id)
        .order_by(col(ColumnGrading.id))
    )
    return (await session.exec(statement)).all()


async def list_of_resource(
    session: AsyncSession, resource_id: UUID, page: PageRequest
) -> tuple[Sequence[ColumnGrading], str | None]:
    """One page of all that happened to the classes of a resource's columns, newest first."""
    statement = select(ColumnGrading).where(col(ColumnGrading.resource_id) == resource_id)
    return await paginate(session, statement, col(ColumnGrading.id), page)


async def list_undecided(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[ColumnGrading], str | None]:
    """One page of the requests that wait for a regulator, newest first."""
    decided = (
        sa.select(col(ColumnGrading.request_id))
        .where(col(ColumnGrading.action).in_(sorted(DECISIONS)))
        .scalar_subquery()
    )
    statement = select(ColumnGrading).where(
        col(ColumnGrading.action) == GradingAction.REQUESTED, col(ColumnGrading.id).not_in(decided)
    )
    return await paginate(session, statement, col(ColumnGrading.id), page)
