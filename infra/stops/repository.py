"""SQL of stops."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.stops.tables import Stop


async def liftable(session: AsyncSession, subject_id: UUID, placed_by: UUID | None) -> Sequence[Stop]:
    """Active stops on a thing that are no end, locked until the transaction ends.

    :param placed_by: only those that this organisation placed.
    """
    statement = select(Stop).where(
        col(Stop.subject_id) == subject_id, col(Stop.lifted_at).is_(None), ~col(Stop.final)
    )
    if placed_by is not None:
        statement = statement.where(col(Stop.placed_by_organisation) == placed_by)
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
