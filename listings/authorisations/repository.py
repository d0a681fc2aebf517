"""SQL of authorisations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, new_id
from infra.messages import Message
from infra.paging import PageRequest, paginate
from listings.authorisations.domain import Cell, ExclusivityRefused, lane
from listings.authorisations.tables import (
    EXCLUSIVITY,
    Authorisation,
    AuthorisationCell,
    AuthorisationResource,
)


def visible_to(actor: Actor) -> SelectOfScalar[Authorisation]:
    """Authorisations the actor may know of: all to a regulator, otherwise those one gave or holds."""
    statement = select(Authorisation)
    if actor.organisation_kind is OrganisationKind.REGULATOR:
        return statement
    return statement.where(
        sa.or_(
            col(Authorisation.owner_id) == actor.organisation_id,
            col(Authorisation.operator_id) == actor.organisation_id,
        )
    )


async def visible(
    session: AsyncSession, actor: Actor, authorisation_id: UUID, *, lock: bool = False
) -> Authorisation | None:
    """The authorisation, when the actor may know of it; locked until the transaction ends if asked."""
    statement = visible_to(actor).where(col(Authorisation.id) == authorisation_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def page_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Authorisation], str | None]:
    """One page of the authorisations the actor may know of."""
    return await paginate(session, visible_to(actor), col(Authorisation.id), page)


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
