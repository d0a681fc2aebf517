"""SQL of service credits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.service_credits.tables import ServiceCredit


async def add(session: AsyncSession, row: ServiceCredit) -> bool:
    """Keep a missed promise; says whether it was not kept before."""
    statement = (
        insert(ServiceCredit)
        .values(**row.model_dump())
        .on_conflict_do_nothing(index_elements=["product_id", "promise", "period_from"])
        .returning(col(ServiceCredit.id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def list_of_product(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ServiceCredit], str | None]:
    """One page of the missed promises of a product, newest first."""
    statement = select(ServiceCredit).where(col(ServiceCredit.product_id) == product_id)
    return await paginate(session, statement, col(ServiceCredit.id), page)
