"""SQL of registrations."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from listings.registrations.states import ON_NOTICE, OPEN, ApplicationStatus, ObjectionStatus
from listings.registrations.tables import (
    Registration,
    RegistrationApplication,
    RegistrationObjection,
    RegistrationReminder,
    RegistrationStep,
)


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Applications the actor can access: all to a regulator, otherwise one's own."""
    if actor.oversees(OrganisationKind.REGULATOR):
        return sa.true()
    return col(RegistrationApplication.owner_id) == actor.organisation_id


def applications_statement(
    actor: Actor, status: ApplicationStatus | None, resource_id: UUID | None
) -> SelectOfScalar[RegistrationApplication]:
    """What the list of applications pages through."""
    statement = select(RegistrationApplication).where(visible_to(actor))
    if status is not None:
        statement = statement.where(col(RegistrationApplication.status) == status)
    if resource_id is not None:
        statement = statement.where(col(RegistrationApplication.resource_id) == resource_id)
    return statement


async def get_visible(
    session: AsyncSession, actor: Actor, application_id: UUID
) -> RegistrationApplication | None:
    """The application, when the actor can access it."""
    statement = select(RegistrationApplication).where(
        visible_to(actor), col(RegistrationApplication.id) == application_id
    )
    return (await session.exec(statement)).one_or_none()


async def get(session: AsyncSession, application_id: UUID) -> RegistrationApplication:
    """An application that is there, whoever asks."""
    return (
        await session.exec(
            select(RegistrationApplication).where(col(RegistrationApplication.id) == application_id)
        )
    ).one()


async def lock(session: AsyncSession, application_id: UUID) -> RegistrationApplication:
    """An application that is there, fresh and locked until the transaction ends."""
    statement = (
        select(RegistrationApplication)
        .where(col(RegistrationApplication.id) == application_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()


async def open_application(session: AsyncSession, resource_id: UUID) -> RegistrationApplication | None:
    """The application for a resource that is not decided for good."""
    statement = select(RegistrationApplication).where(
        col(RegistrationApplication.resource_id) == resource_id, col(RegistrationApplication.status).in_(OPEN)
    )
    return (await session.exec(statement)).one_or_none()


def notices_statement() -> SelectOfScalar[RegistrationApplication]:
    """What the list of public notices pages through: those that are open, by the clock."""
    return select(RegistrationApplication).where(_on_notice())


async def find_notice(session: AsyncSession, application_id: UUID) -> RegistrationApplication | None:
    """An application that is on public notice now."""
    statement = select(RegistrationApplication).where(
        _on_notice(), col(RegistrationApplication.id) == application_id
    )
    return (await session.exec(statement)).one_or_none()


def _on_notice() -> sa.ColumnElement[bool]:
    ends = col(RegistrationApplication.notice_ends_at)
    return sa.and_(
        col(RegistrationApplication.status).in_(ON_NOTICE), sa.or_(ends.is_(None), ends > sa.func.now())
    )


async def find_announced(session: AsyncSession, application_id: UUID) -> RegistrationApplication | None:
    """An application that is or was on public notice, which everybody may have seen; locked."""
    statement = (
        select(RegistrationApplication)
        .where(
            col(RegistrationApplication.id) == application_id,
            col(RegistrationApplication.notice_opened_at).is_not(None),
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def steps(session: AsyncSession, application_id: UUID) -> Sequence[RegistrationStep]:
    """All that was done with an application, oldest first."""
    statement = (
        select(RegistrationStep)
        .where(col(RegistrationStep.application_id) == application_id)
        .order_by(col(RegistrationStep.id))
    )
    return (await session.exec(statement)).all()


async def objections(
    session: AsyncSession, application_id: UUID, organisation_id: UUID | None = None
) -> Sequence[RegistrationObjection]:
    """Objections to an application, of one organisation or all, oldest first."""
    statement = select(RegistrationObjection).where(
        col(RegistrationObjection.application_id) == application_id
    )
    if organisation_id is not None:
        statement = statement.where(col(RegistrationObjection.organisation_id) == organisation_id)
    return (await session.exec(statement.order_by(col(RegistrationObjection.id)))).all()


async def open_objections(session: AsyncSession, application_id: UUID) -> Sequence[RegistrationObjection]:
    """Objections that wait for an answer."""
    statement = select(RegistrationObjection).where(
        col(RegistrationObjection.application_id) == application_id,
        col(RegistrationObjection.status) == ObjectionStatus.OPEN,
    )
    return (await session.exec(statement.execution_options(populate_existing=True))).all()


async def objection(session: AsyncSession, objection_id: UUID) -> RegistrationObjection | None:
    """An objection, fresh."""
    statement = (
        select(RegistrationObjection)
        .where(col(RegistrationObjection.id) == objection_id)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def versions(session: AsyncSession, code: str) -> Sequence[Registration]:
    """The versions under a code, newest first."""
    statement = (
        select(Registration).where(col(Registration.code) == code).order_by(col(Registration.version).desc())
    )
    return (await session.exec(statement)).all()


async def newest(session: AsyncSession, resource_id: UUID) -> Registration | None:
    """The newest registration of a resource, cancelled or not."""
    statement = (
        select(Registration)
        .where(col(Registration.resource_id) == resource_id)
        .order_by(col(Registration.number).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def code_of(session: AsyncSession, application_id: UUID) -> str | None:
    """The code under which an application was completed."""
    statement = select(Registration.code).where(col(Registration.application_id) == application_id)
    return (await session.exec(statement)).one_or_none()


async def next_number(session: AsyncSession) -> int:
    """The running number of the next code."""
    number: int = (await session.execute(sa.text("SELECT nextval('registration_numbers')"))).scalar_one()
    return number


async def time_zone(session: AsyncSession) -> str:
    """The IANA name of the market's time zone."""
    name: str = (await session.execute(sa.text("SELECT market_time_zone()"))).scalar_one()
    return name


async def completable(session: AsyncSession) -> Sequence[UUID]:
    """Applications whose public notice has ended without an objection that is open, oldest first."""
    statement = (
        select(RegistrationApplication.id)
        .where(
            col(RegistrationApplication.status) == ApplicationStatus.ANNOUNCED,
            col(RegistrationApplication.notice_ends_at) <= sa.func.now(),
        )
        .order_by(col(RegistrationApplication.id))
    )
    return (await session.exec(statement)).all()


async def overdue(session: AsyncSession) -> Sequence[RegistrationApplication]:
    """Applications whose next step was due of the registration office and was not taken."""
    statement = select(RegistrationApplication).where(
        col(RegistrationApplication.status).in_((ApplicationStatus.SUBMITTED, ApplicationStatus.ACCEPTED)),
        col(RegistrationApplication.due_at) <= sa.func.now(),
    )
    return (await session.exec(statement)).all()


async def tell_once(session: AsyncSession, subject_id: UUID, what: str, instant: datetime) -> bool:
    """Whether something is still to be told; it then counts as told with this transaction."""
    statement = (
        insert(RegistrationReminder)
        .values(subject_id=subject_id, what=what, instant=instant, told_at=sa.func.now())
        .on_conflict_do_nothing()
        .returning(sa.literal(1))
    )
    return (await session.execute(statement)).first() is not None


async def told(session: AsyncSession, subject_ids: Iterable[UUID], what: str) -> set[tuple[UUID, datetime]]:
    """Of which things and instants something was told."""
    statement = sa.select(col(RegistrationReminder.subject_id), col(RegistrationReminder.instant)).where(
        col(RegistrationReminder.subject_id).in_(list(subject_ids)), col(RegistrationReminder.what) == what
    )
    return {(row[0], row[1]) for row in await session.execute(statement)}
