"""SQL of agreements."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from contracts.agreements.states import AgreementStatus
from contracts.agreements.tables import Agreement, AgreementSignature
from infra.auth import Actor
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.visibility import parties_and_oversight

_UNSIGNED = 200


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The agreements that the actor's organisation is a party to; all of them for regulator and platform."""
    return parties_and_oversight(
        actor, col(Agreement.buyer_id), col(Agreement.operator_id), col(Agreement.owner_id)
    )


async def get(session: AsyncSession, agreement_id: UUID) -> Agreement | None:
    """One agreement, whoever asks."""
    return await session.get(Agreement, agreement_id)


async def get_visible(
    session: AsyncSession, actor: Actor, agreement_id: UUID, *, lock: bool = False
) -> Agreement | None:
    """One agreement the actor can see, locked until the transaction ends when asked."""
    statement = select(Agreement).where(col(Agreement.id) == agreement_id, visible_to(actor))
    if lock:
        statement = statement.with_for_update()
    return (await session.exec(statement)).first()


async def lock_orders(session: AsyncSession, buyer_id: UUID, product_id: UUID) -> None:
    """One order of a buyer for a product at a time, until the transaction ends."""
    name = sa.func.hashtextextended(f"order:{buyer_id}:{product_id}", 0)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


async def unsigned_orders(session: AsyncSession, buyer_id: UUID, product_id: UUID) -> Sequence[Agreement]:
    """A buyer's orders for a product that not both sides have signed, the newest first."""
    statement = select(Agreement).where(
        col(Agreement.buyer_id) == buyer_id,
        col(Agreement.product_id) == product_id,
        col(Agreement.status).in_((AgreementStatus.REQUESTED, AgreementStatus.AGREED)),
    )
    return (await session.exec(statement.order_by(col(Agreement.id).desc()).limit(_UNSIGNED))).all()


async def waiting_under(session: AsyncSession, authorisation_id: UUID) -> Sequence[Agreement]:
    """The agreements under an authorisation that not both sides have signed, oldest first."""
    statement = select(Agreement).where(
        col(Agreement.status).in_((AgreementStatus.REQUESTED, AgreementStatus.AGREED)),
        col(Agreement.document)["authorisation_id"].astext == str(authorisation_id),
    )
    return (await session.exec(statement.order_by(col(Agreement.id)))).all()


async def list_visible_among(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Sequence[UUID]:
    """Those of some agreements that the actor can see."""
    statement = select(Agreement.id).where(col(Agreement.id).in_(list(ids)), visible_to(actor))
    return (await session.exec(statement)).all()


async def list_visible(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[Agreement], str | None]:
    """One page of the agreements the actor can see, newest first, and the next cursor."""
    return await paginate(session, select(Agreement).where(visible_to(actor)), Agreement.id, page)


async def documents(session: AsyncSession) -> AsyncIterator[tuple[UUID, dict[str, Any], str, datetime]]:
    """Id, document, digest and time of every agreement, a few at a time."""
    statement = sa.select(
        col(Agreement.id), col(Agreement.document), col(Agreement.digest), col(Agreement.requested_at)
    ).execution_options(yield_per=200)
    async for row in await session.stream(statement):
        yield row.id, row.document, row.digest, row.requested_at


async def signatures(session: AsyncSession, agreement_id: UUID) -> Sequence[AgreementSignature]:
    """The signatures under an agreement, in the order they were given."""
    statement = (
        select(AgreementSignature)
        .where(col(AgreementSignature.agreement_id) == agreement_id)
        .order_by(col(AgreementSignature.id))
    )
    return (await session.exec(statement)).all()
