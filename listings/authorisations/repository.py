"""SQL of authorisations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, new_id
from infra.messages import Message
from infra.paging import PageRequest, paginate
from infra.stops import service as stops
from listings.authorisations.domain import Cell, CoveredResource, lane
from listings.authorisations.errors import ExclusivityRefused
from listings.authorisations.states import ON_OFFER, AuthorisationStatus
from listings.authorisations.tables import (
    EXCLUSIVITY,
    Authorisation,
    AuthorisationAmendment,
    AuthorisationCell,
    AuthorisationResource,
    AuthorisationSignature,
    AuthorisationVersion,
)

_IN_FORCE = sa.and_(
    col(AuthorisationResource.authorisation_id) == col(Authorisation.id),
    col(AuthorisationResource.version) == col(Authorisation.version),
)
"""What an authorisation covers by its version in force."""


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Authorisations the actor can access: all to a regulator or a price authority, otherwise one's own."""
    if actor.oversees(OrganisationKind.PRICE_AUTHORITY, OrganisationKind.REGULATOR):
        return sa.true()
    own = sa.select(col(AuthorisationResource.authorisation_id)).where(
        col(AuthorisationResource.owner_id) == actor.organisation_id
    )
    # Whoever is asked to let a resource of its own come under it sees it too.
    asked = sa.select(col(AuthorisationAmendment.authorisation_id)).where(
        col(AuthorisationAmendment.sources).op("@>")(sa.literal([actor.organisation_id], sa.ARRAY(sa.Uuid())))
    )
    return sa.or_(
        col(Authorisation.operator_id) == actor.organisation_id,
        col(Authorisation.authorising_body_id) == actor.organisation_id,
        col(Authorisation.id).in_(own),
        col(Authorisation.id).in_(asked),
    )


def in_force_for(
    authorisation_id: sa.SQLColumnExpression[UUID], resource_id: sa.SQLColumnExpression[UUID]
) -> sa.ColumnElement[bool]:
    """SQL: whether the authorisation covers the resource now, and nothing that it rests on is stopped.

    The same rule as `listings.authorisations.states.require_live`, for statements that look through many.
    """
    covering = (
        sa.select(sa.literal(1))
        .select_from(Authorisation)
        .join(
            AuthorisationResource,
            _IN_FORCE,
        )
        .where(
            col(Authorisation.id) == authorisation_id,
            col(AuthorisationResource.resource_id) == resource_id,
            col(Authorisation.status) == AuthorisationStatus.ACTIVE,
            col(Authorisation.valid_from) <= sa.func.now(),
            col(Authorisation.valid_until) > sa.func.now(),
            ~stops.any_active(
                col(Authorisation.id),
                col(AuthorisationResource.resource_id),
                col(AuthorisationResource.right_id),
                col(AuthorisationResource.owner_id),
                col(Authorisation.operator_id),
            ),
        )
    )
    return covering.exists()


async def get_visible(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, *, lock: bool = False
) -> Authorisation | None:
    """The authorisation, when the actor can access it; locked until the transaction ends if asked."""
    statement = select(Authorisation).where(visible_to(actor), col(Authorisation.id) == authorisation_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def get(session: AsyncSession, authorisation_id: UUID) -> Authorisation | None:
    """The authorisation, whoever asks."""
    return await session.get(Authorisation, authorisation_id)


async def list_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Authorisation], str | None]:
    """One page of the authorisations the actor can access."""
    statement = select(Authorisation).where(visible_to(actor))
    return await paginate(session, statement, col(Authorisation.id), page)


async def covered(
    session: AsyncSession, authorisation_ids: Iterable[UUID]
) -> Mapping[UUID, Sequence[AuthorisationResource]]:
    """What each authorisation covers by its version in force, in the order of the resources' ids."""
    statement = (
        select(AuthorisationResource)
        .join(
            Authorisation,
            _IN_FORCE,
        )
        .where(col(AuthorisationResource.authorisation_id).in_(list(authorisation_ids)))
        .order_by(col(AuthorisationResource.resource_id))
    )
    found: dict[UUID, list[AuthorisationResource]] = {}
    for row in (await session.exec(statement)).all():
        found.setdefault(row.authorisation_id, []).append(row)
    return found


async def signatures(
    session: AsyncSession, authorisation_ids: Iterable[UUID], amendment_id: UUID | None = None
) -> Mapping[UUID, Sequence[AuthorisationSignature]]:
    """What was decided about each authorisation as it was offered, or about one amendment, oldest first."""
    statement = (
        select(AuthorisationSignature)
        .where(
            col(AuthorisationSignature.authorisation_id).in_(list(authorisation_ids)),
            col(AuthorisationSignature.amendment_id).is_not_distinct_from(amendment_id),
        )
        .order_by(col(AuthorisationSignature.signed_at), col(AuthorisationSignature.id))
    )
    found: dict[UUID, list[AuthorisationSignature]] = {}
    for row in (await session.exec(statement)).all():
        found.setdefault(row.authorisation_id, []).append(row)
    return found


async def versions(session: AsyncSession, authorisation_id: UUID) -> Sequence[AuthorisationVersion]:
    """Every version of an authorisation, oldest first."""
    statement = (
        select(AuthorisationVersion)
        .where(col(AuthorisationVersion.authorisation_id) == authorisation_id)
        .order_by(col(AuthorisationVersion.number))
    )
    return (await session.exec(statement)).all()


async def overdue(
    session: AsyncSession, resource_ids: Iterable[UUID] | None = None
) -> Sequence[Authorisation]:
    """Offers whose time to be signed is over, locked; those that somebody else is deciding about are left out.

    :param resource_ids: only those that cover one of these.
    """
    statement = select(Authorisation).where(
        col(Authorisation.status).in_(sorted(ON_OFFER)), col(Authorisation.answer_by) <= sa.func.now()
    )
    if resource_ids is not None:
        covering = sa.select(col(AuthorisationResource.authorisation_id)).where(
            col(AuthorisationResource.resource_id).in_(list(resource_ids))
        )
        statement = statement.where(col(Authorisation.id).in_(covering))
    statement = statement.order_by(col(Authorisation.id)).with_for_update(key_share=True, skip_locked=True)
    return (await session.exec(statement)).all()


async def list_of_resource(session: AsyncSession, resource_id: UUID) -> Sequence[Authorisation]:
    """Authorisations that cover a resource by their version in force and have not ended, oldest first."""
    statement = (
        select(Authorisation)
        .join(AuthorisationResource, _IN_FORCE)
        .where(
            col(AuthorisationResource.resource_id) == resource_id,
            col(Authorisation.ended_at).is_(None),
            col(Authorisation.valid_until) > sa.func.now(),
        )
        .order_by(col(Authorisation.id))
    )
    return (await session.exec(statement)).all()


async def coverage(
    session: AsyncSession, authorisation_id: UUID, resource_id: UUID, *, share: bool = False
) -> tuple[Authorisation | None, AuthorisationResource | None]:
    """The authorisation, and that it covers the resource; None for what is not there.

    :param share: keep others from changing its state until the transaction ends.
    """
    found = select(Authorisation).where(col(Authorisation.id) == authorisation_id)
    if share:
        found = found.with_for_update(read=True).execution_options(populate_existing=True)
    authorisation = (await session.exec(found)).one_or_none()
    if authorisation is None:
        return None, None
    key = (authorisation_id, authorisation.version, resource_id)
    return authorisation, await session.get(AuthorisationResource, key)


async def add(
    session: AsyncSession, row: Authorisation, resources: Iterable[CoveredResource], cells: Iterable[Cell]
) -> None:
    """Store an authorisation with its resources and cells.

    :raises ExclusivityRefused: the database sees an overlap with an exclusive one, or of this exclusive one.
    """
    session.add(row)
    await session.flush()
    await add_resources(session, row.id, row.version, resources)
    await occupy(session, row, cells, row.valid_from, row.valid_until)


async def add_resources(
    session: AsyncSession, authorisation_id: UUID, version: int, resources: Iterable[CoveredResource]
) -> None:
    """Record what a version of an authorisation covers."""
    session.add_all(
        AuthorisationResource(
            authorisation_id=authorisation_id,
            version=version,
            resource_id=one.resource_id,
            right_id=one.right_id,
            owner_id=one.owner_id,
        )
        for one in resources
    )
    await session.flush()


async def occupy(
    session: AsyncSession, row: Authorisation, cells: Iterable[Cell], start: datetime, end: datetime
) -> None:
    """Occupy cells for [start, end).

    :raises ExclusivityRefused: the database sees an overlap with an exclusive one, or of this exclusive one.
    """
    assert row.number is not None
    own_lane = Range(*lane(row.number, exclusive=row.exclusive))
    values = [
        {
            "id": new_id(),
            "authorisation_id": row.id,
            "resource": Range(*cell.resource),
            "scenario": Range(*cell.scenario),
            "region": Range(*cell.region),
            "lane": own_lane,
            "term": Range(start, end),
        }
        for cell in cells
    ]
    try:
        await session.execute(sa.insert(AuthorisationCell), values)
    except IntegrityError as error:
        if EXCLUSIVITY not in str(error.orig):
            raise
        raise ExclusivityRefused(
            Message(
                "Another authorisation covers part of the same resources, scenarios and regions at the same time,"
                " and one of the two is exclusive."
            ),
            remedy=Message("Narrow the scope or the term, or end the other authorisation first."),
        ) from error


async def release(session: AsyncSession, authorisation_id: UUID, moment: datetime | None) -> None:
    """Cut the cells' terms short, so that others can be authorised.

    :param moment: from when on; None when the authorisation has never been in force, so that nothing remains.
    """
    term = AuthorisationCell.__table__.c.term  # type: ignore[attr-defined]
    begin = sa.func.lower(term)
    end = begin if moment is None else sa.func.greatest(begin, sa.func.least(sa.func.upper(term), moment))
    await session.execute(
        sa.update(AuthorisationCell)
        .where(col(AuthorisationCell.authorisation_id) == authorisation_id, ~sa.func.isempty(term))
        .values(term=sa.func.tstzrange(begin, end))
        .execution_options(synchronize_session=False)
    )
