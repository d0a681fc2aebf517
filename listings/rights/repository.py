"""SQL of rights, proposed grants and encumbrances."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.rights.states import EncumbranceStatus
from listings.rights.tables import ResourceRight, RightEncumbrance, RightGrant


async def lock_tree(session: AsyncSession, resource_id: UUID) -> None:
    """Serialise what changes the rights to a resource, and what weighs on them, until the transaction ends."""
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"rights:{resource_id}", 0)))
    )


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
    """Every right to any of the resources, oldest first."""
    statement = (
        select(ResourceRight)
        .where(col(ResourceRight.resource_id).in_(list(resource_ids)))
        .order_by(col(ResourceRight.id))
    )
    return (await session.exec(statement)).all()


async def get_grant(
    session: AsyncSession, actor: Actor, grant_id: UUID, *, lock: bool = False
) -> RightGrant | None:
    """A proposed grant, when the actor can access it; locked until the transaction ends if asked."""
    statement = select(RightGrant).where(_grant_visible_to(actor), col(RightGrant.id) == grant_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_grants(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[RightGrant], str | None]:
    """One page of the proposed grants the actor can access."""
    return await paginate(
        session, select(RightGrant).where(_grant_visible_to(actor)), col(RightGrant.id), page
    )


def _grant_visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.oversees(OrganisationKind.REGULATOR):
        return sa.true()
    return sa.or_(
        col(RightGrant.grantor_id) == actor.organisation_id,
        col(RightGrant.grantee_id) == actor.organisation_id,
    )


async def get_encumbrance(
    session: AsyncSession, actor: Actor, encumbrance_id: UUID, *, lock: bool = False
) -> RightEncumbrance | None:
    """What weighs on a right, when the actor can access it; locked until the transaction ends if asked."""
    statement = select(RightEncumbrance).where(
        _encumbrance_visible_to(actor), col(RightEncumbrance.id) == encumbrance_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_encumbrances(
    session: AsyncSession, actor: Actor, right_id: UUID | None, page: PageRequest
) -> tuple[Sequence[RightEncumbrance], str | None]:
    """One page of what weighs on rights, as far as the actor can access it.

    :param right_id: only what weighs on this one.
    """
    statement = select(RightEncumbrance).where(_encumbrance_visible_to(actor))
    if right_id is not None:
        statement = statement.where(col(RightEncumbrance.right_id) == right_id)
    return await paginate(session, statement, col(RightEncumbrance.id), page)


def _encumbrance_visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """All to a regulator, otherwise what weighs on rights one holds, and what one lodged or was given oneself."""
    if actor.oversees(OrganisationKind.REGULATOR):
        return sa.true()
    held = select(ResourceRight.id).where(col(ResourceRight.holder_id) == actor.organisation_id)
    return sa.or_(
        col(RightEncumbrance.organisation_id) == actor.organisation_id,
        col(RightEncumbrance.right_id).in_(held),
    )


async def open_encumbrances(session: AsyncSession, right_ids: Iterable[UUID]) -> Sequence[RightEncumbrance]:
    """What weighs on any of the rights and has not ended, oldest first."""
    statement = (
        select(RightEncumbrance)
        .where(
            col(RightEncumbrance.right_id).in_(list(right_ids)),
            col(RightEncumbrance.status) != EncumbranceStatus.ENDED,
        )
        .order_by(col(RightEncumbrance.id))
    )
    return (await session.exec(statement)).all()
