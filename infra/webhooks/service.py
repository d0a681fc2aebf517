"""Use cases of webhook endpoints. An organisation sees and changes its own only."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.outgoing.client import OutgoingClient
from infra.paging import PageRequest
from infra.webhooks import repository, signing
from infra.webhooks.domain import MAX_ENDPOINTS, DisabledReason, EndpointStatus
from infra.webhooks.errors import TooManyEndpoints
from infra.webhooks.tables import WebhookEndpoint, WebhookSecret

SUBJECT = "webhook_endpoint"


async def create(
    session: AsyncSession,
    actor: Actor,
    outgoing: OutgoingClient,
    *,
    url: str,
    description: str | None,
    event_kinds: Collection[EventKind],
) -> tuple[WebhookEndpoint, str]:
    """Register an address; answers it and its signing secret, which is shown once.

    :raises AddressRefused: the service does not call the address.
    :raises TooManyEndpoints: the organisation has as many as it may.
    """
    await outgoing.check(url)
    if await repository.count_endpoints(session, actor.organisation_id) >= MAX_ENDPOINTS:
        raise TooManyEndpoints(
            Message("An organisation may have {count} webhook endpoints.", count=MAX_ENDPOINTS),
            remedy=Message("Delete one that you do not use, or let one receive more kinds of event."),
        )
    moment = await now(session)
    row = WebhookEndpoint(
        organisation_id=actor.organisation_id,
        organisation_kind=actor.organisation_kind,
        url=url,
        description=description,
        event_kinds=_sorted(event_kinds),
        status=EndpointStatus.ENABLED,
        created_by=actor.id,
        created_at=moment,
    )
    session.add(row)
    await session.flush()
    secret = await _add_secret(session, row.id, moment)
    await _record(session, actor, "created", row, {"url": url, "event_kinds": row.event_kinds})
    return row, secret


async def list_endpoints(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[WebhookEndpoint], str | None]:
    """One page of the own organisation's endpoints, newest first."""
    return await repository.endpoints(session, actor.organisation_id, page)


async def get(
    session: AsyncSession, actor: Actor, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint:
    """One endpoint of the own organisation.

    :raises NotFound: there is none, or it belongs to another one.
    """
    row = await repository.endpoint(session, actor.organisation_id, endpoint_id, lock=lock)
    if row is None:
        raise NotFound(Message("There is no webhook endpoint {endpoint_id}.", endpoint_id=endpoint_id))
    return row


async def update(
    session: AsyncSession,
    actor: Actor,
    outgoing: OutgoingClient,
    endpoint_id: UUID,
    changes: dict[str, Any],
) -> WebhookEndpoint:
    """Change an endpoint.

    :param changes: any of ``url``, ``description``, ``event_kinds`` and ``enabled``. Enabling it clears why it was
        disabled; disabling it ends what it was still to be sent.
    :raises AddressRefused: the service does not call the address.
    """
    if "url" in changes:
        await outgoing.check(changes["url"])
    row = await get(session, actor, endpoint_id, lock=True)
    if "event_kinds" in changes:
        changes = changes | {"event_kinds": _sorted(changes["event_kinds"])}
    for name in {"url", "description", "event_kinds"} & changes.keys():
        setattr(row, name, changes[name])
    match changes.get("enabled"), row.status:
        case True, EndpointStatus.DISABLED:
            row.status, row.disabled_reason, row.disabled_at = EndpointStatus.ENABLED, None, None
            row.failing_since = None
        case False, EndpointStatus.ENABLED:
            await repository.disable(session, row, DisabledReason.MANUAL)
    await session.flush()
    await _record(session, actor, "updated", row, changes)
    return row


async def delete(session: AsyncSession, actor: Actor, endpoint_id: UUID) -> None:
    """Remove an endpoint with everything that was sent to it."""
    row = await get(session, actor, endpoint_id, lock=True)
    await _record(session, actor, "deleted", row, {"url": row.url})
    await repository.delete_endpoint(session, row.id)


async def rotate_secret(
    session: AsyncSession, actor: Actor, endpoint_id: UUID, overlap: timedelta
) -> tuple[str, datetime]:
    """Replace the signing secret; answers the new one, which is shown once, and when the former one ends.

    Until then messages are signed with both. Older ones end at once.
    """
    row = await get(session, actor, endpoint_id, lock=True)
    moment = await now(session)
    ends = moment + overlap
    former = next(iter(await repository.secrets(session, row.id)), None)
    await repository.keep_secret(session, row.id, former.id if former and overlap else None)
    if former is not None and overlap:
        former.expires_at = ends
    secret = await _add_secret(session, row.id, moment)
    await _record(session, actor, "secret_rotated", row, {"former_ends_at": ends.isoformat()})
    return secret, ends


async def _add_secret(session: AsyncSession, endpoint_id: UUID, moment: datetime) -> str:
    secret = signing.new_secret()
    session.add(WebhookSecret(endpoint_id=endpoint_id, secret=secret, created_at=moment))
    await session.flush()
    return secret


async def _record(
    session: AsyncSession, actor: Actor, action: str, row: WebhookEndpoint, detail: dict[str, Any]
) -> None:
    await audit.record(
        session, actor, action=f"{SUBJECT}.{action}", subject_kind=SUBJECT, subject_id=row.id, detail=detail
    )


def _sorted(kinds: Collection[EventKind]) -> list[str]:
    return sorted({kind.value for kind in kinds})
