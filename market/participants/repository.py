"""SQL of appeals."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.db import AsyncSession
from market.participants.states import AppealStatus
from market.participants.tables import Appeal


def appeals_statement(organisation_id: UUID | None, status: AppealStatus | None) -> SelectOfScalar[Appeal]:
    """Appeals for a list, of one organisation or of all."""
    statement = select(Appeal)
    if organisation_id is not None:
        statement = statement.where(col(Appeal.organisation_id) == organisation_id)
    if status is not None:
        statement = statement.where(col(Appeal.status) == status)
    return statement


async def lock_appeal(session: AsyncSession, organisation_id: UUID, appeal_id: UUID) -> Appeal | None:
    """One appeal of an organisation, locked."""
    statement = appeals_statement(organisation_id, None).where(col(Appeal.id) == appeal_id).with_for_update()
    return (await session.exec(statement)).one_or_none()


async def open_appeal(session: AsyncSession, organisation_id: UUID) -> Appeal | None:
    """The appeal of an organisation that is not decided yet, locked."""
    statement = appeals_statement(organisation_id, AppealStatus.OPEN).with_for_update()
    return (await session.exec(statement)).one_or_none()
