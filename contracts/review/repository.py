"""SQL of reviews."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from contracts.agreements.states import AgreementStatus
from contracts.agreements.tables import Agreement
from contracts.review.tables import ContractReview
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate


async def list_unreviewed(session: AsyncSession, page: PageRequest) -> tuple[Sequence[Agreement], str | None]:
    """One page of the concluded agreements without a finding, newest first."""
    reviewed = sa.exists().where(col(ContractReview.agreement_id) == col(Agreement.id))
    statement = select(Agreement).where(col(Agreement.status) == AgreementStatus.FINALIZED, ~reviewed)
    return await paginate(session, statement, Agreement.id, page)


async def of_agreement(session: AsyncSession, agreement_id: UUID) -> Sequence[ContractReview]:
    """The findings on an agreement, oldest first."""
    statement = (
        select(ContractReview)
        .where(col(ContractReview.agreement_id) == agreement_id)
        .order_by(col(ContractReview.id))
    )
    return (await session.exec(statement)).all()
