"""Use cases of deliveries: made of events and pings, listed, replayed, and what is recorded of each attempt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import random
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, new_id, now
from infra.errors import NotFound
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from infra.messages import Message
from infra.paging import PageRequest
from infra.webhooks import repository, service
from infra.webhooks.domain import (
    PING,
    Attempt,
    DisabledReason,
    EndpointStatus,
    WebhookDeliveryStatus,
    event_body,
    message_body,
    next_delay,
    readers_of,
)
from infra.webhooks.errors import EndpointDisabled
from infra.webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint

KEPT = timedelta(days=30)
"""For so long deliveries can be read and replayed."""


async def deliver_event(_: JobContext, session: AsyncSession, event: Event) -> None:
    """Make a delivery of an event for each endpoint that wants it and whose organisation may read it."""
    found = await repository.wanting(session, event.kind, event.organisations, readers_of(event.kind))
    if found:
        moment = await now(session)
        body = event_body(event)
        await repository.add_deliveries(
            session,
            [
                _delivery(endpoint_id, event.id, event.kind.value, body, moment).model_dump()
                for endpoint_id in found
            ],
        )


SUBSCRIBER = Subscriber("webhooks", frozenset(EventKind), deliver_event)
"""What makes webhooks out of events."""


async def ping(session: AsyncSession, actor: Actor, endpoint_id: UUID) -> WebhookDelivery:
    """Send a message that tests an endpoint.

    :raises EndpointDisabled: nothing is sent to it.
    """
    endpoint = await _enabled(session, actor, endpoint_id)
    moment = await now(session)
    body = message_body(PING, moment, {"webhook_endpoint_id": str(endpoint.id)})
    row = _delivery(endpoint.id, new_id(), PING, body, moment)
    session.add(row)
    await session.flush()
    await repository.notify(session)
    return row


async def list_deliveries(
    session: AsyncSession,
    actor: Actor,
    endpoint_id: UUID,
    status: WebhookDeliveryStatus | None,
    page: PageRequest,
) -> tuple[Sequence[WebhookDelivery], str | None]:
    """One page of what was sent to an endpoint of the own organisation, newest first."""
    endpoint = await service.get(session, actor, endpoint_id)
    return await repository.deliveries(session, endpoint.id, status, page)


async def get(
    session: AsyncSession, actor: Actor, endpoint_id: UUID, delivery_id: UUID
) -> tuple[WebhookDelivery, Sequence[WebhookAttempt]]:
    """One delivery with its attempts, the first one first.

    :raises NotFound: there is none.
    """
    endpoint = await service.get(session, actor, endpoint_id)
    row = await repository.delivery(session, endpoint.id, delivery_id)
    if row is None:
        raise NotFound(Message("There is no delivery {delivery_id}.", delivery_id=delivery_id))
    return row, await repository.attempts(session, row.id)


async def replay(
    session: AsyncSession, actor: Actor, endpoint_id: UUID, delivery_id: UUID
) -> tuple[WebhookDelivery, Sequence[WebhookAttempt]]:
    """Send a message again, under its own id and with all its tries; one that is pending is sent at once.

    :raises EndpointDisabled: nothing is sent to the endpoint.
    """
    endpoint = await _enabled(session, actor, endpoint_id)
    await get(session, actor, endpoint.id, delivery_id)
    await repository.replay(
        session, endpoint.id, delivery_id=delivery_id, statuses=list(WebhookDeliveryStatus)
    )
    session.expire_all()
    return await get(session, actor, endpoint_id, delivery_id)


async def replay_since(
    session: AsyncSession, actor: Actor, endpoint_id: UUID, since: datetime, *, only_failed: bool
) -> int:
    """Send again every message that was made since a time and is not pending; answers how many.

    :raises EndpointDisabled: nothing is sent to the endpoint.
    """
    endpoint = await _enabled(session, actor, endpoint_id)
    statuses = {WebhookDeliveryStatus.FAILED}
    if not only_failed:
        statuses.add(WebhookDeliveryStatus.SUCCEEDED)
    count = await repository.replay(session, endpoint.id, since=since, statuses=statuses)
    await audit.record(
        session,
        actor,
        action="webhook_endpoint.replayed",
        subject_kind=service.SUBJECT,
        subject_id=endpoint.id,
        detail={"since": since.isoformat(), "only_failed": only_failed, "count": count},
    )
    return count


async def record_attempt(
    session: AsyncSession,
    endpoint_id: UUID,
    delivery_id: UUID,
    attempt: Attempt,
    attempted_at: datetime,
    *,
    schedule: Sequence[timedelta],
    disable_after: timedelta,
) -> None:
    """Record what came of sending a message, and what follows: nothing, another try, or the end of the endpoint.

    :param disable_after: an endpoint whose message has failed for good is disabled when nothing it was sent has
        succeeded for so long.
    """
    # The endpoint first, as everywhere: whoever disables it takes its deliveries after it.
    endpoint = await repository.lock_endpoint(session, endpoint_id)
    row = await repository.delivery(session, endpoint_id, delivery_id, lock=True)
    if endpoint is None or row is None:
        return  # deleted meanwhile
    row.attempts += 1
    row.tries += 1
    session.add(
        WebhookAttempt(
            delivery_id=row.id,
            number=row.attempts,
            attempted_at=attempted_at,
            duration_ms=round(attempt.duration.total_seconds() * 1000),
            response_status=attempt.status,
            response_text=attempt.text,
            error=attempt.error,
        )
    )
    moment = await now(session)
    if attempt.succeeded:
        row.status, row.completed_at = WebhookDeliveryStatus.SUCCEEDED, moment
        endpoint.failing_since = None
    elif row.status is WebhookDeliveryStatus.PENDING:
        endpoint.failing_since = endpoint.failing_since or attempted_at
        delay = next_delay(row.tries, schedule, attempt.retry_after, random())  # noqa: S311 -- no secret
        if delay is None or attempt.gone:
            row.status, row.completed_at = WebhookDeliveryStatus.FAILED, moment
        else:
            row.due_at = moment + delay
        await session.flush()
        await _disable_where_due(session, endpoint, attempt, ended=delay is None, disable_after=disable_after)
    await session.flush()


async def _disable_where_due(
    session: AsyncSession,
    endpoint: WebhookEndpoint,
    attempt: Attempt,
    *,
    ended: bool,
    disable_after: timedelta,
) -> None:
    assert endpoint.failing_since is not None
    if attempt.gone:
        reason = DisabledReason.GONE
    elif ended and await now(session) - endpoint.failing_since >= disable_after:
        reason = DisabledReason.FAILING
    else:
        return
    if endpoint.status is EndpointStatus.ENABLED:
        await repository.disable(session, endpoint, reason)
        await audit.record(
            session,
            SYSTEM,
            action="webhook_endpoint.disabled",
            subject_kind=service.SUBJECT,
            subject_id=endpoint.id,
            detail={"reason": reason.value},
        )


async def _enabled(session: AsyncSession, actor: Actor, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = await service.get(session, actor, endpoint_id, lock=True)
    if endpoint.status is not EndpointStatus.ENABLED:
        raise EndpointDisabled(
            Message("Nothing is sent to a disabled webhook endpoint."), remedy=Message("Enable it first.")
        )
    return endpoint


def _delivery(endpoint_id: UUID, message_id: UUID, kind: str, body: str, moment: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        endpoint_id=endpoint_id,
        message_id=message_id,
        kind=kind,
        body=body,
        status=WebhookDeliveryStatus.PENDING,
        due_at=moment,
        created_at=moment,
    )
