"""SQL of appeals, recoveries, and resets of second factors."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import OrganisationKind
from infra.db import AsyncSession
from infra.identity.tables import Organisation
from market.participants.states import AppealStatus, FactorResetStatus, RecoveryStatus
from market.participants.tables import Appeal, FactorReset, Recovery


async def first_platform(session: AsyncSession) -> UUID | None:
    """The organisation that ran the market first, among those that were verified."""
    statement = (
        select(Organisation.id)
        .where(
            col(Organisation.kind) == OrganisationKind.PLATFORM, col(Organisation.verified_at).is_not(None)
        )
        .order_by(col(Organisation.id))
        .limit(1)
    )
    return (await session.exec(statement)).first()


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


_UNDER_WAY = col(Recovery.status).in_([RecoveryStatus.REQUESTED, RecoveryStatus.APPROVED])


def recoveries_statement(organisation_id: UUID) -> SelectOfScalar[Recovery]:
    """Recoveries of an organisation."""
    return select(Recovery).where(col(Recovery.organisation_id) == organisation_id)


async def lock_recovery(session: AsyncSession, organisation_id: UUID, recovery_id: UUID) -> Recovery | None:
    """One recovery of an organisation, locked."""
    statement = recoveries_statement(organisation_id).where(col(Recovery.id) == recovery_id)
    locked = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(locked)).one_or_none()


async def open_recovery(session: AsyncSession, organisation_id: UUID) -> Recovery | None:
    """The recovery of an organisation that is under way."""
    return (await session.exec(recoveries_statement(organisation_id).where(_UNDER_WAY))).one_or_none()


async def open_recoveries(session: AsyncSession, organisation_ids: Iterable[UUID]) -> Sequence[Recovery]:
    """The recoveries of several organisations that are under way."""
    statement = select(Recovery).where(col(Recovery.organisation_id).in_(list(organisation_ids)), _UNDER_WAY)
    return (await session.exec(statement)).all()


async def due_recoveries(session: AsyncSession) -> Sequence[tuple[UUID, UUID]]:
    """Organisation and id of the recoveries whose delay is over, in the order of organisations."""
    statement = (
        select(Recovery.organisation_id, Recovery.id)
        .where(col(Recovery.status) == RecoveryStatus.APPROVED, col(Recovery.effective_at) <= sa.func.now())
        .order_by(col(Recovery.organisation_id))
        .limit(100)
    )
    return (await session.exec(statement)).all()


def factor_resets_statement(organisation_id: UUID) -> SelectOfScalar[FactorReset]:
    """Resets of second factors of an organisation's members."""
    return select(FactorReset).where(col(FactorReset.organisation_id) == organisation_id)


async def lock_factor_reset(
    session: AsyncSession, organisation_id: UUID, reset_id: UUID
) -> FactorReset | None:
    """One reset of an organisation, locked."""
    statement = factor_resets_statement(organisation_id).where(col(FactorReset.id) == reset_id)
    locked = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(locked)).one_or_none()


async def open_factor_reset(session: AsyncSession, person_id: UUID) -> FactorReset | None:
    """The reset of a member's factor that waits for its approval."""
    statement = select(FactorReset).where(
        col(FactorReset.person_id) == person_id, col(FactorReset.status) == FactorResetStatus.REQUESTED
    )
    return (await session.exec(statement)).one_or_none()
