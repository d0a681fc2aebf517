"""SQL of licences."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from contracts.licences.counters import LicenceCounter
from contracts.licences.tables import Licence
from infra.db import AsyncSession


async def get(session: AsyncSession, licence_id: UUID) -> Licence | None:
    """One licence."""
    return await session.get(Licence, licence_id)


async def id_of_agreement(session: AsyncSession, agreement_id: UUID) -> UUID | None:
    """The licence that an agreement gave rise to."""
    return (await session.exec(select(Licence.id).where(col(Licence.agreement_id) == agreement_id))).first()


def visible_to(organisation_id: UUID | None) -> SelectOfScalar[Licence]:
    """The licences that one organisation is a party to, or all for None."""
    statement = select(Licence)
    if organisation_id is not None:
        statement = statement.where(
            sa.or_(
                col(Licence.buyer_id) == organisation_id,
                col(Licence.operator_id) == organisation_id,
                col(Licence.owner_id) == organisation_id,
            )
        )
    return statement


async def counter(session: AsyncSession, licence_id: UUID) -> LicenceCounter:
    """The counters of a licence, fresh from the database."""
    statement = (
        select(LicenceCounter)
        .where(col(LicenceCounter.licence_id) == licence_id)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()
