"""SQL of licences."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from contracts.licences.counters import LicenceCounter
from contracts.licences.tables import Licence
from infra.auth import Actor
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.visibility import parties_and_oversight


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The licences that the actor's organisation is a party to; all of them for regulator and platform."""
    return parties_and_oversight(
        actor, col(Licence.buyer_id), col(Licence.operator_id), col(Licence.owner_id)
    )


async def get_visible(session: AsyncSession, actor: Actor, licence_id: UUID) -> Licence | None:
    """One licence the actor can see."""
    statement = select(Licence).where(col(Licence.id) == licence_id, visible_to(actor))
    return (await session.exec(statement)).first()


async def list_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Licence], str | None]:
    """One page of the licences the actor can see, newest first, and the next cursor."""
    return await paginate(session, select(Licence).where(visible_to(actor)), Licence.id, page)


async def id_of_agreement(session: AsyncSession, agreement_id: UUID) -> UUID | None:
    """The licence that an agreement gave rise to."""
    return (await session.exec(select(Licence.id).where(col(Licence.agreement_id) == agreement_id))).first()


async def counter(session: AsyncSession, licence_id: UUID) -> LicenceCounter:
    """The counters of a licence, fresh from the database."""
    statement = (
        select(LicenceCounter)
        .where(col(LicenceCounter.licence_id) == licence_id)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()


async def list_below(session: AsyncSession, link_id: UUID) -> Sequence[Licence]:
    """The licences that rest on a link and whose term has not ended, oldest first."""
    statement = (
        select(Licence)
        .join(LicenceCounter, col(LicenceCounter.licence_id) == col(Licence.id))
        .where(
            sa.literal(link_id) == sa.any_(col(LicenceCounter.links)),
            col(Licence.valid_until) > sa.func.now(),
        )
        .order_by(col(Licence.id))
    )
    return (await session.exec(statement)).all()
