"""SQL of price plans."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from pricing.plans.tables import PricePlanRow


async def add(session: AsyncSession, row: PricePlanRow) -> bool:
    """Append a plan; False when another one supersedes the same version already.

    The unique constraint decides between two that arrive at once; the loser's transaction stays usable.
    """
    statement = (
        insert(PricePlanRow)
        .values(**row.model_dump())
        .on_conflict_do_nothing(index_elements=["supersedes"])
        .returning(col(PricePlanRow.id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def find(session: AsyncSession, plan_id: UUID, organisation_id: UUID | None) -> PricePlanRow | None:
    """Return the plan, where it is the organisation's (None: anybody's)."""
    statement = select(PricePlanRow).where(col(PricePlanRow.id) == plan_id, _of(organisation_id))
    return (await session.exec(statement)).one_or_none()


async def page_of(
    session: AsyncSession, organisation_id: UUID | None, page: PageRequest
) -> tuple[Sequence[PricePlanRow], str | None]:
    """Return a page of the organisation's plans (None: of everybody's), newest first, and the next cursor."""
    statement = select(PricePlanRow).where(_of(organisation_id))
    return await paginate(session, statement, PricePlanRow.id, page)


def _of(organisation_id: UUID | None) -> sa.ColumnElement[bool]:
    return sa.true() if organisation_id is None else col(PricePlanRow.organisation_id) == organisation_id
