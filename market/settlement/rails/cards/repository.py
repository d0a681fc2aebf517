"""Every SQL statement of the card rail."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.db import AsyncSession
from market.settlement.rails.cards.domain import EventNotice
from market.settlement.rails.cards.states import OPEN
from market.settlement.rails.cards.tables import CardEvent, CardPayment


async def get(session: AsyncSession, card_payment_id: UUID) -> CardPayment | None:
    """One attempt."""
    return await session.get(CardPayment, card_payment_id, populate_existing=True)


async def lock(session: AsyncSession, card_payment_id: UUID) -> CardPayment | None:
    """Lock an attempt until the transaction ends; its invoice is locked before it, always."""
    return await session.get(CardPayment, card_payment_id, with_for_update=True, populate_existing=True)


async def open_attempt(session: AsyncSession, invoice_id: UUID) -> CardPayment | None:
    """The attempt to pay an invoice that is in progress."""
    statement = select(CardPayment).where(
        col(CardPayment.invoice_id) == invoice_id, col(CardPayment.status).in_(OPEN)
    )
    return (await session.exec(statement)).one_or_none()


async def of_invoice(session: AsyncSession, invoice_id: UUID) -> Sequence[CardPayment]:
    """Attempts to pay an invoice, the newest first."""
    statement = (
        select(CardPayment)
        .where(col(CardPayment.invoice_id) == invoice_id)
        .order_by(col(CardPayment.id).desc())
        .limit(100)
    )
    return (await session.exec(statement)).all()


async def insert_event(session: AsyncSession, notice: EventNotice) -> bool:
    """Store an event; False when it is stored already."""
    statement = (
        insert(CardEvent)
        .values(id=notice.id, type=notice.type, object_id=notice.object_id, received_at=sa.func.now())
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(CardEvent.id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def get_event(session: AsyncSession, event_id: str) -> CardEvent | None:
    """A stored event."""
    return await session.get(CardEvent, event_id)


async def lock_event(session: AsyncSession, event_id: str) -> CardEvent:
    """Lock a stored event until the transaction ends."""
    event = await session.get(CardEvent, event_id, with_for_update=True, populate_existing=True)
    assert event is not None, "events are kept for good"
    return event


async def stale(session: AsyncSession, age: timedelta, limit: int) -> tuple[list[UUID], list[str]]:
    """Attempts and events that have been in progress for longer than ``age``, the oldest first."""
    before = sa.func.now() - age
    attempts = (
        select(CardPayment.id)
        .where(col(CardPayment.status).in_(OPEN), col(CardPayment.requested_at) < before)
        .order_by(col(CardPayment.requested_at))
        .limit(limit)
    )
    events = (
        select(CardEvent.id)
        .where(col(CardEvent.applied_at).is_(None), col(CardEvent.received_at) < before)
        .order_by(col(CardEvent.received_at))
        .limit(limit)
    )
    return list((await session.exec(attempts)).all()), list((await session.exec(events)).all())
