"""SQL of enforcement."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.enforcement.states import EnforcementAction
from listings.enforcement.tables import EnforcementProcedure, EnforcementStep
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct


async def list_watched(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Products on the market, and those with an open procedure, after an id, in the order of ids."""
    opened = (
        sa.select(1)
        .where(
            col(EnforcementProcedure.product_id) == col(DataProduct.id),
            col(EnforcementProcedure.ended_at).is_(None),
        )
        .exists()
    )
    statement = (
        select(DataProduct.id)
        .where(sa.or_(col(DataProduct.status) == ProductStatus.PUBLISHED, opened))
        .order_by(col(DataProduct.id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(col(DataProduct.id) > after)
    return (await session.exec(statement)).all()


async def lock_newest(session: AsyncSession, product_id: UUID) -> EnforcementProcedure | None:
    """The newest procedure of a product, ended or not; locked."""
    statement = (
        select(EnforcementProcedure)
        .where(col(EnforcementProcedure.product_id) == product_id)
        .order_by(col(EnforcementProcedure.opened_at).desc(), col(EnforcementProcedure.id).desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def last_end(session: AsyncSession, product_id: UUID) -> datetime | None:
    """When the last procedure of a product that has ended did so; None where none has."""
    statement = sa.select(sa.func.max(col(EnforcementProcedure.ended_at))).where(
        col(EnforcementProcedure.product_id) == product_id
    )
    return (await session.execute(statement)).scalar_one()


async def get(
    session: AsyncSession, procedure_id: UUID, *, lock: bool = False
) -> EnforcementProcedure | None:
    """A procedure, whoever asks; with a lock as the database has it now."""
    statement = select(EnforcementProcedure).where(col(EnforcementProcedure.id) == procedure_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_of_product(session: AsyncSession, product_id: UUID) -> Sequence[EnforcementProcedure]:
    """Every procedure of a product, newest first."""
    statement = (
        select(EnforcementProcedure)
        .where(col(EnforcementProcedure.product_id) == product_id)
        .order_by(col(EnforcementProcedure.id).desc())
    )
    return (await session.exec(statement)).all()


async def list_open(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[EnforcementProcedure], str | None]:
    """One page of the open procedures, newest first."""
    statement = select(EnforcementProcedure).where(col(EnforcementProcedure.ended_at).is_(None))
    return await paginate(session, statement, col(EnforcementProcedure.id), page)


async def list_steps(session: AsyncSession, procedure_ids: Sequence[UUID]) -> Sequence[EnforcementStep]:
    """The steps of some procedures, in their order."""
    statement = (
        select(EnforcementStep)
        .where(col(EnforcementStep.procedure_id).in_(procedure_ids))
        .order_by(col(EnforcementStep.procedure_id), col(EnforcementStep.number))
    )
    return (await session.exec(statement)).all()


async def last_step_at(
    session: AsyncSession, procedure_id: UUID, actions: Collection[EnforcementAction]
) -> datetime:
    """When the last of these steps of a procedure was taken, of which there is one."""
    statement = sa.select(sa.func.max(col(EnforcementStep.taken_at))).where(
        col(EnforcementStep.procedure_id) == procedure_id, col(EnforcementStep.action).in_(actions)
    )
    return (await session.execute(statement)).scalar_one()


async def last_number(session: AsyncSession, procedure_id: UUID) -> int:
    """The number of the last step of a procedure; 0 before the first."""
    statement = sa.select(sa.func.coalesce(sa.func.max(col(EnforcementStep.number)), 0)).where(
        col(EnforcementStep.procedure_id) == procedure_id
    )
    return int((await session.execute(statement)).scalar_one())
