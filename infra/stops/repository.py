"""SQL of stops."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.stops.tables import Stop


async def lock(session: AsyncSession, subject_id: UUID) -> None:
    """Serialise what is placed on a thing and lifted from it until the transaction ends."""
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"stop:{subject_id}", 0)))
    )


async def liftable(session: AsyncSession, subject_id: UUID) -> Sequence[Stop]:
    """Active stops on a thing that are no end, oldest first, locked until the transaction ends."""
    statement = (
        select(Stop)
        .where(col(Stop.subject_id) == subject_id, col(Stop.lifted_at).is_(None), ~col(Stop.final))
        .order_by(col(Stop.placed_at))
    )
    return (await session.exec(statement.with_for_update())).all()


async def active(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Active stops on any of the things, oldest first."""
    statement = (
        select(Stop)
        .where(col(Stop.subject_id).in_(list(subject_ids)), col(Stop.lifted_at).is_(None))
        .order_by(col(Stop.placed_at))
    )
    return (await session.exec(statement)).all()


async def history(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Every stop there ever was on any of the things, oldest first."""
    statement = select(Stop).where(col(Stop.subject_id).in_(list(subject_ids))).order_by(col(Stop.placed_at))
    return (await session.exec(statement)).all()


def any_active(*subject_ids: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """SQL: whether one of the things named by these columns has an active stop."""
    found = sa.select(sa.literal(1)).where(
        col(Stop.lifted_at).is_(None), col(Stop.subject_id).in_(subject_ids)
    )
    return found.exists()
