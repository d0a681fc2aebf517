"""SQL of the rulebook."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.rulebook.tables import RulebookParameter


async def in_force(session: AsyncSession, at: datetime | None) -> Sequence[RulebookParameter]:
    """Per key the version with the latest effective date not after ``at`` (default: now); later versions win ties."""
    moment = sa.func.now() if at is None else at
    statement = (
        select(RulebookParameter)
        .where(col(RulebookParameter.effective_from) <= moment)
        .ext(distinct_on(col(RulebookParameter.key)))
        .order_by(
            col(RulebookParameter.key),
            col(RulebookParameter.effective_from).desc(),
            col(RulebookParameter.version).desc(),
        )
    )
    return (await session.exec(statement)).all()


async def history(session: AsyncSession, key: str) -> Sequence[RulebookParameter]:
    """Every version of one parameter, newest first."""
    statement = (
        select(RulebookParameter)
        .where(col(RulebookParameter.key) == key)
        .order_by(col(RulebookParameter.version).desc())
        .limit(1000)
    )
    return (await session.exec(statement)).all()


async def lock(session: AsyncSession, key: str) -> None:
    """Serialise new versions of one parameter until the transaction ends."""
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"rulebook:{key}", 0)))
    )
