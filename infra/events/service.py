"""Publish events, and give them to subscribers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from infra.db import AsyncSession, new_id, now
from infra.events import repository
from infra.events.domain import DeliveryStatus, Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber

DISPATCH_BATCH = 500
KEPT = timedelta(days=30)
"""For so long it stays on record which subscriber has completed which event. The events themselves stay for good."""

_propagator = TraceContextTextMapPropagator()


async def publish(
    session: AsyncSession,
    kind: EventKind,
    *,
    subject_id: UUID,
    organisations: Iterable[UUID],
    payload: Mapping[str, Any] | None = None,
) -> Event:
    """Write a fact in the transaction that makes it true; subscribers get it after the commit, at least once.

    Events of one subject are delivered in the order in which their transactions commit. The subject's counter stays
    locked until then, so publish after whatever else the transaction waits for.

    :param organisations: those whom it concerns; they may read it.
    :param payload: JSON, thin: ids, statuses, amounts as text. Whoever may read the event sees all of it.
    """
    event_id = new_id()
    concerned = tuple(dict.fromkeys(organisations))
    content = dict(payload or {})
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    sequence, occurred_at = await repository.append(
        session,
        event_id=event_id,
        kind=kind,
        subject_id=subject_id,
        organisations=concerned,
        payload=content,
        traceparent=carrier.get("traceparent"),
    )
    return Event(
        id=event_id,
        kind=kind,
        subject_kind=kind.subject_kind,
        subject_id=subject_id,
        sequence=sequence,
        organisations=concerned,
        payload=content,
        occurred_at=occurred_at,
        traceparent=carrier.get("traceparent"),
    )


async def dispatch(session: AsyncSession, subscribers: Sequence[Subscriber]) -> int:
    """Give published events to the subscribers that hear their kind; answers how many events there were.

    :return: :data:`DISPATCH_BATCH` when there may be more.
    """
    await repository.lock_dispatch(session)
    rows = await repository.take_outbox(session, DISPATCH_BATCH)
    if not rows:
        return 0
    moment = await now(session)
    deliveries = [
        {
            "id": new_id(),
            "subscriber": subscriber.name,
            "event_id": row.id,
            "subject_id": row.subject_id,
            "sequence": row.sequence,
            "status": DeliveryStatus.PENDING,
            "attempts": 0,
            "due_at": moment,
            "updated_at": moment,
        }
        for row in rows
        for subscriber in subscribers
        if row.kind in subscriber.kinds
    ]
    if deliveries:
        await repository.add_deliveries(session, deliveries)
    return len(rows)
