"""Every SQL statement of suites."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from quality.suites.domain import SuiteOrigin
from quality.suites.tables import QualitySuite


async def get(session: AsyncSession, suite_id: UUID) -> QualitySuite | None:
    """A version by its id."""
    return await session.get(QualitySuite, suite_id)


async def get_many(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, QualitySuite]:
    """Versions by their ids."""
    rows = (await session.exec(select(QualitySuite).where(col(QualitySuite.id).in_(ids)))).all()
    return {row.id: row for row in rows}


async def first_ids(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The id of the first version of each product that has one."""
    statement = sa.select(col(QualitySuite.product_id), col(QualitySuite.id)).where(
        col(QualitySuite.product_id).in_(product_ids), col(QualitySuite.number) == 1
    )
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def list_of_origin(
    session: AsyncSession, product_id: UUID, origin: SuiteOrigin, limit: int
) -> Sequence[QualitySuite]:
    """The first versions of a product that came about in one way, oldest first."""
    statement = select(QualitySuite).where(
        col(QualitySuite.product_id) == product_id, col(QualitySuite.origin) == origin
    )
    return (await session.exec(statement.order_by(col(QualitySuite.number)).limit(limit))).all()


async def last_number(session: AsyncSession, product_id: UUID) -> int:
    """The number of the newest version of a product; 0 where there is none."""
    statement = sa.select(sa.func.max(col(QualitySuite.number))).where(
        col(QualitySuite.product_id) == product_id
    )
    return (await session.execute(statement)).scalar_one_or_none() or 0


async def list_versions(
    session: AsyncSession, product_id: UUID, page: PageRequest, upto: int | None
) -> tuple[Sequence[QualitySuite], str | None]:
    """One page of the versions of a product, newest first; those with higher numbers than ``upto`` are left out."""
    statement = select(QualitySuite).where(col(QualitySuite.product_id) == product_id)
    if upto is not None:
        statement = statement.where(col(QualitySuite.number) <= upto)
    return await paginate(session, statement, col(QualitySuite.id), page)
