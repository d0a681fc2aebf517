"""SQL of resources."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.stops.tables import Stop
from listings.resources.domain import AssessmentKind
from listings.resources.tables import DataResource, ResourceAssessment, ResourceViewer


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Resources the actor can access: one's own, and those one was given access to.

    All to a regulator, and to an authorising body, which chooses among them what it has operated.
    """
    if actor.oversees(OrganisationKind.AUTHORISING_BODY, OrganisationKind.REGULATOR):
        return sa.true()
    shown = select(ResourceViewer.resource_id).where(
        col(ResourceViewer.organisation_id) == actor.organisation_id
    )
    return sa.or_(col(DataResource.owner_id) == actor.organisation_id, col(DataResource.id).in_(shown))


async def get_visible(session: AsyncSession, actor: Actor, resource_id: UUID) -> DataResource | None:
    """The resource, when the actor can access it."""
    statement = select(DataResource).where(visible_to(actor), col(DataResource.id) == resource_id)
    return (await session.exec(statement)).one_or_none()


async def list_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[DataResource], str | None]:
    """One page of the resources the actor can access."""
    return await paginate(session, select(DataResource).where(visible_to(actor)), col(DataResource.id), page)


async def lock(session: AsyncSession, owner_id: UUID | None, ids: Iterable[UUID]) -> Sequence[DataResource]:
    """The owner's resources among these, or all of them where no owner is named, locked in id order."""
    own = sa.true() if owner_id is None else col(DataResource.owner_id) == owner_id
    statement = (
        select(DataResource)
        .where(col(DataResource.id).in_(list(ids)), own)
        .order_by(col(DataResource.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def lock_any(session: AsyncSession, resource_id: UUID) -> DataResource | None:
    """The resource, whoever asks; locked until the transaction ends."""
    statement = (
        select(DataResource)
        .where(col(DataResource.id) == resource_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def registration_stops(session: AsyncSession, resource_id: UUID) -> Sequence[Stop]:
    """The stop of a resource's registration that is not lifted, to come or begun."""
    statement = select(Stop).where(
        col(Stop.subject_id) == resource_id,
        col(Stop.subject_kind) == "registration",
        col(Stop.lifted_at).is_(None),
    )
    return (await session.exec(statement)).all()


async def newest_assessments(
    session: AsyncSession, resource_ids: Iterable[UUID], kind: AssessmentKind
) -> dict[UUID, ResourceAssessment]:
    """The newest assessment of a kind, by resource."""
    statement = (
        select(ResourceAssessment)
        .where(
            col(ResourceAssessment.resource_id).in_(list(resource_ids)), col(ResourceAssessment.kind) == kind
        )
        .ext(distinct_on(col(ResourceAssessment.resource_id)))
        .order_by(col(ResourceAssessment.resource_id), col(ResourceAssessment.number).desc())
    )
    return {row.resource_id: row for row in (await session.exec(statement)).all()}


def assessments_statement(resource_id: UUID) -> SelectOfScalar[ResourceAssessment]:
    """What the list of a resource's assessments pages through."""
    return select(ResourceAssessment).where(col(ResourceAssessment.resource_id) == resource_id)


async def ending(session: AsyncSession, until: datetime) -> Sequence[DataResource]:
    """Resources whose registration, or time of grace, ends until then or has ended, and that were not cancelled."""
    statement = (
        select(DataResource)
        .where(
            col(DataResource.registered_until) <= until, col(DataResource.registration_cancelled_at).is_(None)
        )
        .order_by(col(DataResource.id))
    )
    return (await session.exec(statement)).all()


async def in_grace(session: AsyncSession, lasting: timedelta) -> Sequence[DataResource]:
    """Resources that are older than registration, were not registered yet, and whose time of grace is not this long;
    locked in id order."""
    statement = (
        select(DataResource)
        .where(
            col(DataResource.registration_code).is_(None),
            # Subtracted: days that are added would be those of the session's time zone.
            col(DataResource.registered_until) - col(DataResource.grace_from) != lasting,
        )
        .order_by(col(DataResource.id))
    )
    return (await session.exec(statement.with_for_update(key_share=True))).all()


async def get(session: AsyncSession, resource_id: UUID) -> DataResource | None:
    """The resource, whoever asks."""
    return await session.get(DataResource, resource_id)


async def add_viewer(
    session: AsyncSession, resource_ids: Iterable[UUID], organisation_id: UUID, basis_id: UUID
) -> None:
    """Let an organisation see resources, on the ground of one thing."""
    session.add_all(
        ResourceViewer(organisation_id=organisation_id, resource_id=resource_id, basis_id=basis_id)
        for resource_id in resource_ids
    )
    await session.flush()


async def viewers(session: AsyncSession, resource_id: UUID) -> Sequence[UUID]:
    """The organisations that were given access to a resource."""
    statement = (
        select(ResourceViewer.organisation_id)
        .where(col(ResourceViewer.resource_id) == resource_id)
        .distinct()
    )
    return (await session.exec(statement)).all()


async def remove_viewer(session: AsyncSession, organisation_id: UUID, basis_id: UUID) -> None:
    """End what an organisation sees on the ground of one thing."""
    await session.execute(
        sa.delete(ResourceViewer).where(
            col(ResourceViewer.organisation_id) == organisation_id, col(ResourceViewer.basis_id) == basis_id
        )
    )
