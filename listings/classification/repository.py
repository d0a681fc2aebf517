"""SQL of proposals."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.db import AsyncSession
from listings.classification.tables import ProposalDecision, RevisionProposals


async def get(session: AsyncSession, revision_id: UUID) -> RevisionProposals | None:
    """What was proposed for the columns of a revision."""
    return await session.get(RevisionProposals, revision_id)


async def insert_once(session: AsyncSession, proposed: RevisionProposals) -> None:
    """Record what was proposed; of two workers at once the first one's stays."""
    row = insert(RevisionProposals).values(proposed.model_dump()).on_conflict_do_nothing()
    await session.execute(row)


async def newest_decisions(session: AsyncSession, product_id: UUID) -> dict[str, ProposalDecision]:
    """What was said last of the proposal for each column of a product."""
    statement = (
        select(ProposalDecision)
        .where(col(ProposalDecision.product_id) == product_id)
        .order_by(col(ProposalDecision.id))
    )
    return {row.column_name: row for row in (await session.exec(statement)).all()}
