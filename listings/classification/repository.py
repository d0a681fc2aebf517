"""SQL of proposals."""

from uuid import UUID

from sqlmodel import col, select

from infra.db import AsyncSession
from listings.classification.tables import ProposalDecision, RevisionProposals


async def get(session: AsyncSession, revision_id: UUID) -> RevisionProposals | None:
    """What was proposed for the columns of a revision."""
    return await session.get(RevisionProposals, revision_id)


async def newest_decisions(session: AsyncSession, product_id: UUID) -> dict[str, ProposalDecision]:
    """What was said last of the proposal for each column of a product."""
    statement = (
        select(ProposalDecision)
        .where(col(ProposalDecision.product_id) == product_id)
        .order_by(col(ProposalDecision.id))
    )
    return {row.column_name: row for row in (await session.exec(statement)).all()}
