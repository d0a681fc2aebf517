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
from listings.authorisations.domain import Cell, lane
from listings.authorisations.errors import ExclusivityRefused
from listings.authorisations.states import AuthorisationStatus
from listings.authorisations.tables import (
    EXCLUSIVITY,
    Authorisation,
    AuthorisationCell,
    AuthorisationResource,
)


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Authorisations the actor can access: all to a regulator, otherwise those one gave or holds."""
    if actor.oversees(OrganisationKind.REGULATOR):
        return sa.true()
    return sa.or_(
        col(Authorisation.owner_id) == actor.organisation_id,
        col(Authorisation.operator_id) == actor.organisation_id,
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
            col(AuthorisationResource.authorisation_id) == col(Authorisation.id),
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
                col(Authorisation.owner_id),
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


async def list_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Authorisation], str | None]:
    """One page of the authorisations the actor can access."""
    statement = select(Authorisation).where(visible_to(actor))
    return await paginate(session, statement, col(Authorisation.id), page)


async def resource_ids(
    session: AsyncSession, authorisation_ids: Iterable[UUID]
) -> Mapping[UUID, Sequence[UUID]]:
    """The resources that each authorisation covers, in id order."""
    statement = (
        select(AuthorisationResource)
        .where(col(AuthorisationResource.authorisation_id).in_(list(authorisation_ids)))
        .order_by(col(AuthorisationResource.resource_id))
    )
    covered: dict[UUID, list[UUID]] = {}
    for row in (await session.exec(statement)).all():
        covered.setdefault(row.authorisation_id, []).append(row.resource_id)
    return covered


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
    return authorisation, await session.get(AuthorisationResource, (authorisation_id, resource_id))


async def add(
    session: AsyncSession, row: Authorisation, rights: Mapping[UUID, UUID], cells: Iterable[Cell]
) -> None:
    """Store an authorisation with its resources and cells.

    :param rights: the right to hold that each resource rests on.
    :raises ExclusivityRefused: the database sees an overlap with an exclusive one, or of this exclusive one.
    """
    session.add(row)
    await session.flush()
    assert row.number is not None
    session.add_all(
        AuthorisationResource(authorisation_id=row.id, resource_id=resource_id, right_id=right_id)
        for resource_id, right_id in rights.items()
    )
    await session.flush()
    own_lane = Range(*lane(row.number, exclusive=row.exclusive))
    values = [
        {
            "id": new_id(),
            "authorisation_id": row.id,
            "resource": Range(*cell.resource),
            "scenario": Range(*cell.scenario),
            "region": Range(*cell.region),
            "lane": own_lane,
            "term": Range(row.valid_from, row.valid_until),
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
