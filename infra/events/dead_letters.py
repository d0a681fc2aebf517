"""What the platform operator does with dead letters: events that a subscriber could not handle."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events import repository
from infra.events.domain import DEAD_LETTERS, DeliveryAction, DeliveryStatus, Event
from infra.events.tables import EventDelivery
from infra.messages import Message
from infra.paging import PageRequest


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a subscriber could not handle.

    :param held_back: how many later events of the subject wait behind it for the same subscriber; None in lists.
    """

    delivery: EventDelivery
    event: Event
    held_back: int | None = None


async def list_dead_letters(
    session: AsyncSession, subscriber: str | None, page: PageRequest
) -> tuple[list[DeadLetter], str | None]:
    """One page of the events that are held, newest first, of every subscriber or of one."""
    rows, cursor = await repository.dead_letters(session, subscriber, page)
    events = await repository.events(session, (row.event_id for row in rows))
    return [DeadLetter(row, events[row.event_id]) for row in rows], cursor


async def get_dead_letter(session: AsyncSession, delivery_id: UUID) -> DeadLetter:
    """One event that is held, or was and has been retried or dropped since.

    :raises NotFound: there is no such delivery.
    """
    return await _read(session, await _delivery(session, delivery_id))


async def retry(session: AsyncSession, actor: Actor, delivery_id: UUID) -> DeadLetter:
    """Deliver a held event again at once, with all its attempts; what waits behind it follows.

    :raises NotHeld: it is not held.
    """
    return await _move(session, actor, delivery_id, DeliveryAction.RETRY, {})


async def drop(session: AsyncSession, actor: Actor, delivery_id: UUID, reason: str) -> DeadLetter:
    """Skip a held event for its subscriber, for good; what waits behind it is delivered.

    :raises NotHeld: it is not held.
    """
    return await _move(session, actor, delivery_id, DeliveryAction.DROP, {"reason": reason})


async def _move(
    session: AsyncSession, actor: Actor, delivery_id: UUID, action: DeliveryAction, detail: dict[str, Any]
) -> DeadLetter:
    row = await _delivery(session, delivery_id, lock=True)
    row.status = DEAD_LETTERS.next_state(row.status, action)
    row.updated_at = await now(session)
    if row.status is DeliveryStatus.PENDING:
        row.attempts, row.due_at = 0, row.updated_at
    await session.flush()
    await repository.notify(session)
    read = await _read(session, row)
    await audit.record(
        session,
        actor,
        action="dead_letter.retried" if action is DeliveryAction.RETRY else "dead_letter.dropped",
        subject_kind="event_delivery",
        subject_id=row.id,
        detail={"subscriber": row.subscriber, "event": read.event.kind.value, "event_id": str(row.event_id)}
        | detail,
    )
    return read


async def _delivery(session: AsyncSession, delivery_id: UUID, *, lock: bool = False) -> EventDelivery:
    row = await repository.delivery(session, delivery_id, lock=lock)
    if row is None:
        raise NotFound(Message("There is no delivery {delivery_id}.", delivery_id=delivery_id))
    return row


async def _read(session: AsyncSession, row: EventDelivery) -> DeadLetter:
    events = await repository.events(session, [row.event_id])
    return DeadLetter(row, events[row.event_id], await repository.held_back(session, row))
