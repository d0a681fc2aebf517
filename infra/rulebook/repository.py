"""SQL of the rulebook."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.db import AsyncSession
from infra.rulebook.states import ProposalStatus
from infra.rulebook.tables import RulebookKind, RulebookParameter, RuleProposal


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
    """Serialise proposals and new versions of one parameter until the transaction ends."""
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"rulebook:{key}", 0)))
    )


async def kinds(session: AsyncSession, keys: Iterable[str]) -> dict[str, RulebookKind]:
    """What each of several parameters may hold, by key."""
    statement = select(RulebookKind).where(col(RulebookKind.key).in_(list(keys)))
    return {row.key: row for row in (await session.exec(statement)).all()}


async def open_proposal(session: AsyncSession, key: str) -> RuleProposal | None:
    """The proposal of a parameter that waits for its decision."""
    statement = select(RuleProposal).where(
        col(RuleProposal.key) == key, col(RuleProposal.status) == ProposalStatus.PROPOSED
    )
    return (await session.exec(statement)).one_or_none()


async def proposal(session: AsyncSession, proposal_id: UUID, *, lock: bool = False) -> RuleProposal | None:
    """A proposal; locked until the transaction ends if asked."""
    statement = select(RuleProposal).where(col(RuleProposal.id) == proposal_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def proposals(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, RuleProposal]:
    """Several proposals by id."""
    statement = select(RuleProposal).where(col(RuleProposal.id).in_(list(ids)))
    return {row.id: row for row in (await session.exec(statement)).all()}


def proposals_statement(status: ProposalStatus | None) -> SelectOfScalar[RuleProposal]:
    """Proposals for a list."""
    statement = select(RuleProposal)
    return statement if status is None else statement.where(col(RuleProposal.status) == status)
