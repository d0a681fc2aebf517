"""SQL of purges."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.purges.states import PurgeStatus
from listings.purges.tables import Backup, PurgeOrder
from listings.revisions.domain import CHANNEL, PURGED
from listings.revisions.tables import ProductRevision


async def get(session: AsyncSession, order_id: UUID, *, lock: bool = False) -> PurgeOrder | None:
    """An order, whoever asks."""
    statement = select(PurgeOrder).where(col(PurgeOrder.id) == order_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_orders(session: AsyncSession, page: PageRequest) -> tuple[Sequence[PurgeOrder], str | None]:
    """One page of all orders, newest first."""
    return await paginate(session, select(PurgeOrder), PurgeOrder.id, page)


async def list_unfinished(session: AsyncSession) -> Sequence[UUID]:
    """Orders that were confirmed and are not completed."""
    statement = select(PurgeOrder.id).where(col(PurgeOrder.status) == PurgeStatus.CONFIRMED)
    return (await session.exec(statement)).all()


async def revisions_of(session: AsyncSession, product_id: UUID) -> Sequence[ProductRevision]:
    """Every revision of a product, oldest first."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == product_id)
        .order_by(col(ProductRevision.number))
    )
    return (await session.exec(statement)).all()


async def revisions(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[ProductRevision]:
    """These revisions, as the database has them now."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.id).in_(ids))
        .order_by(col(ProductRevision.number))
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def list_products(session: AsyncSession) -> Sequence[UUID]:
    """Products of orders that were confirmed."""
    done = (PurgeStatus.CONFIRMED, PurgeStatus.COMPLETED)
    statement = select(PurgeOrder.product_id).where(col(PurgeOrder.status).in_(done)).distinct()
    return (await session.exec(statement)).all()


async def purged_keys(session: AsyncSession) -> Sequence[str]:
    """The object keys of everything that was ever purged."""
    statement = select(ProductRevision.object_key).where(col(ProductRevision.purged_at).is_not(None))
    return (await session.exec(statement)).all()


async def empty_rows(session: AsyncSession, order_id: UUID) -> int:
    """Take everything that tells of the data's values out of the database, by a confirmed order; how many revisions."""
    emptied: int = (
        await session.execute(sa.text("SELECT purge_revisions(:order_id)"), {"order_id": order_id})
    ).scalar_one()
    return emptied


async def notify(session: AsyncSession) -> None:
    """Have every process forget all data that it remembers, once this transaction commits."""
    await session.execute(sa.select(sa.func.pg_notify(CHANNEL, PURGED)))


async def list_backups(session: AsyncSession) -> Sequence[Backup]:
    """The backups that were made of this installation, oldest first."""
    return (await session.exec(select(Backup).order_by(col(Backup.made_at)))).all()
