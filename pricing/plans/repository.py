"""SQL of price plans."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.visibility import parties_and_oversight
from pricing.plans.tables import PricePlanRow


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The plans of the actor's organisation; all of them for regulator, platform and price authority."""
    if actor.oversees(OrganisationKind.PRICE_AUTHORITY):
        return sa.true()
    return parties_and_oversight(actor, col(PricePlanRow.organisation_id))


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


async def get(session: AsyncSession, plan_id: UUID) -> PricePlanRow | None:
    """One plan, whoever asks."""
    return await session.get(PricePlanRow, plan_id)


async def get_visible(session: AsyncSession, actor: Actor, plan_id: UUID) -> PricePlanRow | None:
    """One plan the actor can see."""
    statement = select(PricePlanRow).where(col(PricePlanRow.id) == plan_id, visible_to(actor))
    return (await session.exec(statement)).first()


async def list_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[PricePlanRow], str | None]:
    """One page of the plans the actor can see, newest first, and the next cursor."""
    return await paginate(session, select(PricePlanRow).where(visible_to(actor)), PricePlanRow.id, page)
