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


async def liftable(session: AsyncSession, subject_kind: str, subject_id: UUID) -> Sequence[Stop]:
    """Stops on a thing that are no end and were not lifted, those to come too, oldest first; locked."""
    statement = (
        select(Stop)
        .where(
            col(Stop.subject_id) == subject_id,
            col(Stop.subject_kind) == subject_kind,
            col(Stop.lifted_at).is_(None),
            ~col(Stop.final),
        )
        .order_by(col(Stop.placed_at))
    )
    return (await session.exec(statement.with_for_update())).all()


def has_begun() -> sa.ColumnElement[bool]:
    """SQL: a stop's instant has come.

    By the time of the statement, not of the transaction: one that waited for a lock sees what was placed meanwhile.
    """
    return col(Stop.begins_at) <= sa.func.statement_timestamp()


def _counts() -> sa.ColumnElement[bool]:
    """A stop counts from the instant it begins at, until it is lifted."""
    return sa.and_(col(Stop.lifted_at).is_(None), has_begun())


async def standing(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Stops on any of the things that were not lifted, those to come too, in the order in which they begin."""
    statement = (
        select(Stop)
        .where(col(Stop.subject_id).in_(list(subject_ids)), col(Stop.lifted_at).is_(None))
        .order_by(col(Stop.begins_at), col(Stop.placed_at))
    )
    return (await session.exec(statement)).all()


async def active(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Active stops on any of the things, oldest first."""
    statement = (
        select(Stop)
        .where(col(Stop.subject_id).in_(list(subject_ids)), _counts())
        .order_by(col(Stop.placed_at))
    )
    return (await session.exec(statement)).all()


async def history(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Every stop there ever was on any of the things, those to come too, oldest first."""
    statement = select(Stop).where(col(Stop.subject_id).in_(list(subject_ids))).order_by(col(Stop.placed_at))
    return (await session.exec(statement)).all()


def any_active(*subject_ids: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """SQL: whether one of the things named by these columns has an active stop."""
    found = sa.select(sa.literal(1)).where(_counts(), col(Stop.subject_id).in_(subject_ids))
    return found.exists()
