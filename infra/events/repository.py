"""SQL of domain events and their deliveries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.events.domain import Attempt, DeliveryStatus, Event
from infra.events.kinds import EventKind
from infra.events.tables import EventDelivery, EventOutbox, EventRow
from infra.paging import PageRequest, paginate

CHANNEL = "events"
"""Notified when events were published or released."""

_DISPATCH_LOCK = 7263543
# Written out rather than bound: a plan made for any value of a parameter cannot use the partial indexes.
_PENDING: Any = sa.literal_column("'pending'")
_DEAD: Any = sa.literal_column("'dead'")
_OPEN = (_PENDING, _DEAD)

# The subject's row stays locked until the end of the transaction, so numbers are given in the order of the commits;
# the position in the outbox is drawn under the same lock. An advisory lock would do as well, but a transaction that
# publishes about thousands of things would fill the server's lock table.
_APPEND = sa.text("""
WITH subject AS (
    INSERT INTO event_subjects AS s (subject_id, last_sequence) VALUES (:subject_id, 1)
    ON CONFLICT (subject_id) DO UPDATE SET last_sequence = s.last_sequence + 1
    RETURNING last_sequence
), event AS (
    INSERT INTO events
        (id, kind, subject_kind, subject_id, sequence, organisations, payload, occurred_at, traceparent)
    SELECT :id, :kind, :subject_kind, :subject_id, last_sequence, :organisations, :payload, now(), :traceparent
    FROM subject
    RETURNING id, sequence, occurred_at
), outbox AS (
    INSERT INTO event_outbox (event_id) SELECT id FROM event
)
SELECT sequence, occurred_at, pg_notify('events', '') FROM event
""").bindparams(
    sa.bindparam("id", type_=sa.Uuid()),
    sa.bindparam("subject_id", type_=sa.Uuid()),
    sa.bindparam("kind", type_=sa.String()),
    sa.bindparam("subject_kind", type_=sa.String()),
    sa.bindparam("organisations", type_=sa.ARRAY(sa.Uuid())),
    sa.bindparam("payload", type_=JSONB()),
    sa.bindparam("traceparent", type_=sa.String()),
)


async def append(
    session: AsyncSession,
    *,
    event_id: UUID,
    kind: EventKind,
    subject_id: UUID,
    organisations: Iterable[UUID],
    payload: Mapping[str, Any],
    traceparent: str | None,
) -> tuple[int, datetime]:
    """Write an event and put it into the outbox; answers its number within the subject and its time."""
    row = (
        await session.execute(
            _APPEND,
            {
                "id": event_id,
                "kind": kind.value,
                "subject_kind": kind.subject_kind,
                "subject_id": subject_id,
                "organisations": list(organisations),
                "payload": dict(payload),
                "traceparent": traceparent,
            },
        )
    ).one()
    return row.sequence, row.occurred_at


async def lock_dispatch(session: AsyncSession) -> None:
    """Let one dispatch at a time go on, until the transaction ends: two could overtake each other within a subject."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_DISPATCH_LOCK)))


async def take_outbox(session: AsyncSession, limit: int) -> Sequence[EventRow]:
    """Remove the oldest events from the outbox and answer them, in the order of their positions."""
    oldest = select(EventOutbox.position).order_by(col(EventOutbox.position)).limit(limit)
    taken = await session.execute(
        sa.delete(EventOutbox)
        .where(col(EventOutbox.position).in_(oldest))
        .returning(col(EventOutbox.position), col(EventOutbox.event_id))
        .execution_options(synchronize_session=False)
    )
    positions = {row.event_id: row.position for row in taken}
    rows = (await session.exec(select(EventRow).where(col(EventRow.id).in_(positions)))).all()
    return sorted(rows, key=lambda row: positions[row.id])


async def add_deliveries(session: AsyncSession, deliveries: Sequence[Mapping[str, Any]]) -> None:
    """Store deliveries, given by their columns."""
    await session.execute(sa.insert(EventDelivery), list(deliveries))


async def due_streams(
    session: AsyncSession, subscribers: Iterable[str], limit: int
) -> Sequence[tuple[str, UUID]]:
    """Pairs of subscriber and subject whose next event is due and that nobody works on, the longest waiting first."""
    opened = aliased(EventDelivery)
    # A look into the index for each row, whatever the planner thinks of the table's size.
    first = (
        sa.select(sa.func.min(col(opened.sequence)))
        .where(
            col(opened.subscriber) == col(EventDelivery.subscriber),
            col(opened.subject_id) == col(EventDelivery.subject_id),
            col(opened.status).in_(_OPEN),
        )
        .scalar_subquery()
    )
    statement = (
        select(EventDelivery.subscriber, EventDelivery.subject_id)
        .where(
            col(EventDelivery.status) == _PENDING,
            col(EventDelivery.due_at) <= sa.func.clock_timestamp(),
            col(EventDelivery.subscriber).in_(list(subscribers)),
            col(EventDelivery.sequence) == first,
        )
        .order_by(col(EventDelivery.due_at))
        .limit(limit)
        # What somebody works on is locked by them; the locks taken here end with this transaction.
        .with_for_update(skip_locked=True, of=EventDelivery)
    )
    return (await session.exec(statement)).all()


async def lock_next(session: AsyncSession, subscriber: str, subject_id: UUID) -> tuple[Attempt, Event] | None:
    """The next event of a subject for a subscriber, locked; None when nothing is due or somebody else has it."""
    head = (
        select(EventDelivery.id)
        .where(
            col(EventDelivery.subscriber) == subscriber,
            col(EventDelivery.subject_id) == subject_id,
            col(EventDelivery.status).in_(_OPEN),
        )
        .order_by(col(EventDelivery.sequence))
        .limit(1)
        .correlate(None)
        .scalar_subquery()
    )
    # The first is found in a query within, which locks nothing: a query that skips locked rows while it looks for the
    # first one would answer the second.
    statement = (
        select(EventDelivery, EventRow)
        .join(EventRow, col(EventRow.id) == col(EventDelivery.event_id))
        .where(
            col(EventDelivery.id) == head,
            col(EventDelivery.status) == _PENDING,
            col(EventDelivery.due_at) <= sa.func.clock_timestamp(),
        )
        .with_for_update(skip_locked=True, of=EventDelivery)
        .execution_options(populate_existing=True)
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        return None
    row, event = found
    return Attempt(row.id, row.event_id, row.attempts + 1), as_event(event)


async def complete(session: AsyncSession, delivery_id: UUID) -> None:
    """Complete a delivery, which this transaction has locked."""
    await session.execute(
        sa.update(EventDelivery)
        .where(col(EventDelivery.id) == delivery_id)
        .values(status=DeliveryStatus.DELIVERED, updated_at=sa.func.clock_timestamp())
    )


async def fail(
    session: AsyncSession, attempt: Attempt, *, status: DeliveryStatus, delay: timedelta, error: str
) -> None:
    """Note a failed attempt, unless the delivery has moved on since."""
    await session.execute(
        sa.update(EventDelivery)
        .where(
            col(EventDelivery.id) == attempt.delivery_id,
            col(EventDelivery.status) == DeliveryStatus.PENDING,
            col(EventDelivery.attempts) == attempt.number - 1,
        )
        .values(
            attempts=attempt.number,
            status=status,
            due_at=sa.func.clock_timestamp() + delay,
            updated_at=sa.func.clock_timestamp(),
            last_error=error,
        )
    )


async def lags(session: AsyncSession) -> dict[str, float]:
    """By subscriber, the seconds since its oldest event that is not delivered yet; held back ones count too."""
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(EventRow.occurred_at))
    statement = (
        sa.select(col(EventDelivery.subscriber), age)
        .join(EventRow, col(EventRow.id) == col(EventDelivery.event_id))
        .where(col(EventDelivery.status) == DeliveryStatus.PENDING)
        .group_by(col(EventDelivery.subscriber))
    )
    return {subscriber: float(seconds) for subscriber, seconds in await session.execute(statement)}


async def outbox_age(session: AsyncSession) -> float:
    """Seconds since the oldest event that no subscriber was given yet; 0 when there is none."""
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(EventRow.occurred_at))
    statement = sa.select(age).join(EventOutbox, col(EventOutbox.event_id) == col(EventRow.id))
    return float(await session.scalar(statement) or 0)


async def dead_letter_counts(session: AsyncSession) -> dict[str, float]:
    """By subscriber, how many deliveries are held after their last attempt."""
    statement = (
        sa.select(col(EventDelivery.subscriber), sa.func.count())
        .where(col(EventDelivery.status) == _DEAD)
        .group_by(col(EventDelivery.subscriber))
    )
    return {subscriber: float(count) for subscriber, count in await session.execute(statement)}


async def notify(session: AsyncSession) -> None:
    """Wake the workers when the transaction commits."""
    await session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


async def dead_letters(
    session: AsyncSession, subscriber: str | None, page: PageRequest
) -> tuple[Sequence[EventDelivery], str | None]:
    """One page of what is held, newest first."""
    statement = select(EventDelivery).where(col(EventDelivery.status) == _DEAD)
    if subscriber is not None:
        statement = statement.where(col(EventDelivery.subscriber) == subscriber)
    return await paginate(session, statement, EventDelivery.id, page)


async def delivery(session: AsyncSession, delivery_id: UUID, *, lock: bool = False) -> EventDelivery | None:
    """One delivery."""
    return await session.get(EventDelivery, delivery_id, with_for_update=lock or None, populate_existing=True)


async def events(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Event]:
    """Events by id."""
    statement = select(EventRow).where(col(EventRow.id).in_(list(ids)))
    return {row.id: as_event(row) for row in (await session.exec(statement)).all()}


async def held_back(session: AsyncSession, row: EventDelivery) -> int:
    """How many later events of the subject wait behind this one for the same subscriber."""
    statement = (
        select(sa.func.count())
        .select_from(EventDelivery)
        .where(
            col(EventDelivery.subscriber) == row.subscriber,
            col(EventDelivery.subject_id) == row.subject_id,
            col(EventDelivery.sequence) > row.sequence,
            col(EventDelivery.status).in_(_OPEN),
        )
    )
    return (await session.exec(statement)).one()


async def forget_completed(session: AsyncSession, older_than: timedelta) -> int:
    """Delete deliveries that were completed or dropped so long ago; answers how many. Events stay."""
    done = await session.execute(
        sa.delete(EventDelivery).where(
            col(EventDelivery.status).in_((DeliveryStatus.DELIVERED, DeliveryStatus.DROPPED)),
            col(EventDelivery.updated_at) < sa.func.now() - older_than,
        )
    )
    return done.rowcount  # type: ignore[attr-defined, no-any-return]


def as_event(row: EventRow) -> Event:
    """The row as subscribers know it."""
    return Event(
        id=row.id,
        kind=EventKind(row.kind),
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        sequence=row.sequence,
        organisations=tuple(row.organisations),
        payload=row.payload,
        occurred_at=row.occurred_at,
        traceparent=row.traceparent,
    )
