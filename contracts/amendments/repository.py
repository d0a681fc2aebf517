"""SQL of amendments."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from listings.authorisations.amendment_states import AmendmentStatus
from listings.authorisations.tables import AuthorisationAmendment


async def list_of(session: AsyncSession, authorisation_id: UUID) -> Sequence[AuthorisationAmendment]:
    """The amendments of an authorisation, newest first."""
    statement = (
        select(AuthorisationAmendment)
        .where(col(AuthorisationAmendment.authorisation_id) == authorisation_id)
        .order_by(col(AuthorisationAmendment.id).desc())
    )
    return (await session.exec(statement)).all()


async def get(
    session: AsyncSession, authorisation_id: UUID, amendment_id: UUID, *, lock: bool = False
) -> AuthorisationAmendment | None:
    """One amendment of an authorisation; locked until the transaction ends if asked."""
    statement = select(AuthorisationAmendment).where(
        col(AuthorisationAmendment.id) == amendment_id,
        col(AuthorisationAmendment.authorisation_id) == authorisation_id,
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def find_open(session: AsyncSession, authorisation_id: UUID) -> AuthorisationAmendment | None:
    """The amendment that waits for signatures."""
    statement = select(AuthorisationAmendment).where(
        col(AuthorisationAmendment.authorisation_id) == authorisation_id,
        col(AuthorisationAmendment.status) == AmendmentStatus.PROPOSED,
    )
    return (await session.exec(statement)).one_or_none()


async def overdue(
    session: AsyncSession, authorisation_id: UUID | None = None
) -> Sequence[AuthorisationAmendment]:
    """Amendments whose time to be signed is over, locked; those that somebody is deciding about are left out.

    :param authorisation_id: only that of this authorisation.
    """
    own = (
        sa.true()
        if authorisation_id is None
        else col(AuthorisationAmendment.authorisation_id) == authorisation_id
    )
    statement = (
        select(AuthorisationAmendment)
        .where(
            col(AuthorisationAmendment.status) == AmendmentStatus.PROPOSED,
            col(AuthorisationAmendment.answer_by) <= sa.func.now(),
            own,
        )
        .order_by(col(AuthorisationAmendment.id))
        .with_for_update(skip_locked=True)
    )
    return (await session.exec(statement)).all()


async def amend(session: AsyncSession, amendment_id: UUID) -> None:
    """Have the database change what the authorisation covers; it looks at the signatures itself."""
    await session.execute(sa.text("SELECT amend_authorisation(:id)"), {"id": amendment_id})
