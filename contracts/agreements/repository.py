"""SQL of agreements."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from contracts.agreements.tables import Agreement, AgreementSignature
from infra.db import AsyncSession


async def get(session: AsyncSession, agreement_id: UUID, *, lock: bool = False) -> Agreement | None:
    """One agreement, locked until the transaction ends when asked."""
    statement = select(Agreement).where(col(Agreement.id) == agreement_id)
    if lock:
        statement = statement.with_for_update()
    return (await session.exec(statement)).first()


def visible_to(organisation_id: UUID | None) -> SelectOfScalar[Agreement]:
    """The agreements that one organisation is a party to, or all for None."""
    statement = select(Agreement)
    if organisation_id is not None:
        statement = statement.where(
            sa.or_(
                col(Agreement.buyer_id) == organisation_id,
                col(Agreement.operator_id) == organisation_id,
                col(Agreement.owner_id) == organisation_id,
            )
        )
    return statement


async def signatures(session: AsyncSession, agreement_id: UUID) -> Sequence[AgreementSignature]:
    """The signatures under an agreement, in the order they were given."""
    statement = (
        select(AgreementSignature)
        .where(col(AgreementSignature.agreement_id) == agreement_id)
        .order_by(col(AgreementSignature.id))
    )
    return (await session.exec(statement)).all()
