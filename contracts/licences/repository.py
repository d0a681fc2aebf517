"""SQL of licences."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from contracts.licences.counters import LicenceCounter
from contracts.licences.tables import Licence, LicenceToken, TokenEndReason
from infra.auth import Actor
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.stops import service as stops
from infra.stops.tables import Stop
from infra.visibility import parties_and_oversight


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The licences that the actor's organisation is a party to; all of them for regulator and platform."""
    return parties_and_oversight(
        actor, col(Licence.buyer_id), col(Licence.operator_id), col(Licence.owner_id)
    )


async def get_visible(session: AsyncSession, actor: Actor, licence_id: UUID) -> Licence | None:
    """One licence the actor can see."""
    statement = select(Licence).where(col(Licence.id) == licence_id, visible_to(actor))
    return (await session.exec(statement)).first()


async def get(session: AsyncSession, licence_id: UUID) -> Licence | None:
    """A licence, whoever asks."""
    return await session.get(Licence, licence_id)


async def list_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Licence], str | None]:
    """One page of the licences the actor can see, newest first, and the next cursor."""
    return await paginate(session, select(Licence).where(visible_to(actor)), Licence.id, page)


async def list_visible_ids(session: AsyncSession, actor: Actor, limit: int) -> Sequence[UUID]:
    """Ids of the licences the actor can see, newest first."""
    statement = select(Licence.id).where(visible_to(actor)).order_by(col(Licence.id).desc()).limit(limit)
    return (await session.exec(statement)).all()


async def id_of_agreement(session: AsyncSession, agreement_id: UUID) -> UUID | None:
    """The licence that an agreement gave rise to."""
    return (await session.exec(select(Licence.id).where(col(Licence.agreement_id) == agreement_id))).first()


async def counter(session: AsyncSession, licence_id: UUID) -> LicenceCounter:
    """The counters of a licence, fresh from the database."""
    statement = (
        select(LicenceCounter)
        .where(col(LicenceCounter.licence_id) == licence_id)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()


def tokens_statement(licence_id: UUID) -> SelectOfScalar[LicenceToken]:
    """Tokens of a licence that have not run out, ended ones among them."""
    return select(LicenceToken).where(
        col(LicenceToken.licence_id) == licence_id, col(LicenceToken.expires_at) > sa.func.now()
    )


async def tokens_page(
    session: AsyncSession, licence_id: UUID, page: PageRequest
) -> tuple[Sequence[LicenceToken], str | None]:
    """One page of them, newest first."""
    return await paginate(session, tokens_statement(licence_id), LicenceToken.id, page)


async def token_of(session: AsyncSession, licence_id: UUID, token_id: UUID) -> LicenceToken | None:
    """One of them."""
    statement = tokens_statement(licence_id).where(col(LicenceToken.id) == token_id)
    return (await session.exec(statement)).one_or_none()


async def find_token(session: AsyncSession, token_id: UUID) -> LicenceToken | None:
    """A token of any licence."""
    return (await session.exec(select(LicenceToken).where(col(LicenceToken.id) == token_id))).one_or_none()


async def end_token(session: AsyncSession, token_id: UUID, reason: TokenEndReason) -> bool:
    """End a token from the commit on; False for one that was ended before."""
    ending = sa.text("SELECT end_licence_tokens(ARRAY[CAST(:token_id AS uuid)], :reason)")
    ended: int = (await session.execute(ending, {"token_id": token_id, "reason": reason.value})).scalar_one()
    return ended > 0


async def forget_tokens(session: AsyncSession) -> int:
    """Delete the tokens that ran out an hour ago; answers how many."""
    forgotten: int = (await session.execute(sa.text("SELECT forget_licence_tokens()"))).scalar_one()
    return forgotten


async def list_visible_among(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Sequence[UUID]:
    """Those of some licences that the actor can see."""
    statement = select(Licence.id).where(col(Licence.id).in_(list(ids)), visible_to(actor))
    return (await session.exec(statement)).all()


async def list_below(session: AsyncSession, link_id: UUID) -> Sequence[Licence]:
    """The licences that rest on a link, or are it, and whose term has not ended, oldest first."""
    return (await session.exec(_below(link_id))).all()


async def list_live_below(session: AsyncSession, link_id: UUID) -> Sequence[Licence]:
    """Those of them that nothing stops now."""
    return (await session.exec(_below(link_id).where(~_stopped(stops.has_begun())))).all()


async def list_not_ended_below(session: AsyncSession, link_id: UUID) -> Sequence[Licence]:
    """Those of them that have not ended for good."""
    return (await session.exec(_below(link_id).where(~_stopped(col(Stop.final))))).all()


def _below(link_id: UUID) -> SelectOfScalar[Licence]:
    return (
        select(Licence)
        .join(LicenceCounter, col(LicenceCounter.licence_id) == col(Licence.id))
        .where(
            sa.or_(sa.literal(link_id) == sa.any_(col(LicenceCounter.links)), col(Licence.id) == link_id),
            col(Licence.valid_until) > sa.func.now(),
        )
        .order_by(col(Licence.id))
    )


def _stopped(by: sa.SQLColumnExpression[bool]) -> sa.ColumnElement[bool]:
    """A licence has such a stop that was not lifted, on itself or on a link above it."""
    on = sa.or_(
        col(Stop.subject_id) == col(Licence.id), col(Stop.subject_id) == sa.any_(col(LicenceCounter.links))
    )
    return sa.exists().where(on, col(Stop.lifted_at).is_(None), by)
