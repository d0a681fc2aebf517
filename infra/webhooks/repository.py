"""SQL of webhooks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.auth import OrganisationKind
from infra.db import AsyncSession
from infra.events.kinds import EventKind
from infra.identity import service as identity
from infra.paging import PageRequest, paginate
from infra.webhooks.domain import DisabledReason, EndpointStatus, WebhookDeliveryStatus
from infra.webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret

CHANNEL = "webhooks"
"""Notified when there is something to send."""

# Written out rather than bound: a plan made for any value of a parameter cannot use the partial index.
_PENDING = col(WebhookDelivery.status) == sa.literal_column("'pending'")
_ENABLED = col(WebhookEndpoint.status) == EndpointStatus.ENABLED


async def endpoint(
    session: AsyncSession, organisation_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint | None:
    """One endpoint of an organisation."""
    statement = select(WebhookEndpoint).where(
        col(WebhookEndpoint.id) == endpoint_id, col(WebhookEndpoint.organisation_id) == organisation_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def lock_endpoint(session: AsyncSession, endpoint_id: UUID) -> WebhookEndpoint | None:
    """Any endpoint, locked."""
    return await session.get(WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)


async def endpoints(
    session: AsyncSession, organisation_id: UUID, page: PageRequest
) -> tuple[Sequence[WebhookEndpoint], str | None]:
    """One page of an organisation's endpoints, newest first."""
    statement = select(WebhookEndpoint).where(col(WebhookEndpoint.organisation_id) == organisation_id)
    return await paginate(session, statement, WebhookEndpoint.id, page)


async def count_endpoints(session: AsyncSession, organisation_id: UUID) -> int:
    """How many endpoints an organisation has."""
    statement = (
        select(sa.func.count())
        .select_from(WebhookEndpoint)
        .where(col(WebhookEndpoint.organisation_id) == organisation_id)
    )
    return (await session.exec(statement)).one()


async def delete_endpoint(session: AsyncSession, endpoint_id: UUID) -> None:
    """Remove an endpoint with its secrets, deliveries and attempts."""
    await session.execute(sa.delete(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id))


async def wanting(
    session: AsyncSession, kind: EventKind, concerned: Collection[UUID], readers: Collection[OrganisationKind]
) -> Sequence[UUID]:
    """Endpoints that want a kind of event and whose organisation is concerned, or reads all of them.

    :param readers: kinds whose verified organisations read all events of the kind.
    """
    statement = select(WebhookEndpoint.id).where(
        _ENABLED,
        sa.literal(kind.value) == sa.any_(col(WebhookEndpoint.event_kinds)),
        sa.or_(
            col(WebhookEndpoint.organisation_id).in_(concerned),
            sa.and_(
                col(WebhookEndpoint.organisation_kind).in_(readers),
                identity.is_verified(col(WebhookEndpoint.organisation_id)),
            ),
        ),
    )
    return (await session.exec(statement)).all()


async def secrets(session: AsyncSession, endpoint_id: UUID) -> Sequence[WebhookSecret]:
    """Secrets that are valid now, the newest first."""
    statement = (
        select(WebhookSecret)
        .where(
            col(WebhookSecret.endpoint_id) == endpoint_id,
            sa.or_(
                col(WebhookSecret.expires_at).is_(None),
                col(WebhookSecret.expires_at) > sa.func.clock_timestamp(),
            ),
        )
        .order_by(col(WebhookSecret.id).desc())
    )
    return (await session.exec(statement)).all()


async def keep_secret(session: AsyncSession, endpoint_id: UUID, kept: UUID | None) -> None:
    """Delete every secret of an endpoint but one."""
    statement = sa.delete(WebhookSecret).where(col(WebhookSecret.endpoint_id) == endpoint_id)
    if kept is not None:
        statement = statement.where(col(WebhookSecret.id) != kept)
    await session.execute(statement)


async def add_deliveries(session: AsyncSession, deliveries: Sequence[Mapping[str, Any]]) -> None:
    """Store deliveries, given by their columns; what an endpoint has already stays, and the worker is woken."""
    await session.execute(
        insert(WebhookDelivery).on_conflict_do_nothing(index_elements=["endpoint_id", "message_id"]),
        list(deliveries),
    )
    await notify(session)


async def notify(session: AsyncSession) -> None:
    """Wake the worker when the transaction commits."""
    await session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


async def deliveries(
    session: AsyncSession, endpoint_id: UUID, status: WebhookDeliveryStatus | None, page: PageRequest
) -> tuple[Sequence[WebhookDelivery], str | None]:
    """One page of an endpoint's deliveries, newest first."""
    statement = select(WebhookDelivery).where(col(WebhookDelivery.endpoint_id) == endpoint_id)
    if status is not None:
        statement = statement.where(col(WebhookDelivery.status) == status)
    return await paginate(session, statement, WebhookDelivery.id, page)


async def delivery(
    session: AsyncSession, endpoint_id: UUID, delivery_id: UUID, *, lock: bool = False
) -> WebhookDelivery | None:
    """One delivery of an endpoint."""
    statement = select(WebhookDelivery).where(
        col(WebhookDelivery.id) == delivery_id, col(WebhookDelivery.endpoint_id) == endpoint_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def attempts(session: AsyncSession, delivery_id: UUID) -> Sequence[WebhookAttempt]:
    """Every attempt of a delivery, the first one first."""
    statement = (
        select(WebhookAttempt)
        .where(col(WebhookAttempt.delivery_id) == delivery_id)
        .order_by(col(WebhookAttempt.number))
    )
    return (await session.exec(statement)).all()


async def replay(
    session: AsyncSession,
    endpoint_id: UUID,
    *,
    delivery_id: UUID | None = None,
    since: datetime | None = None,
    statuses: Collection[WebhookDeliveryStatus],
) -> int:
    """Make deliveries of an endpoint due again, with all their tries; answers how many."""
    statement = sa.update(WebhookDelivery).where(
        col(WebhookDelivery.endpoint_id) == endpoint_id, col(WebhookDelivery.status).in_(statuses)
    )
    if delivery_id is not None:
        statement = statement.where(col(WebhookDelivery.id) == delivery_id)
    if since is not None:
        statement = statement.where(col(WebhookDelivery.created_at) >= since)
    done = await session.execute(
        statement.values(
            status=WebhookDeliveryStatus.PENDING, tries=0, due_at=sa.func.now(), completed_at=None
        ).execution_options(synchronize_session=False)
    )
    await notify(session)
    return done.rowcount  # type: ignore[attr-defined, no-any-return]


async def disable(session: AsyncSession, row: WebhookEndpoint, reason: DisabledReason) -> None:
    """Disable an endpoint that is locked; what it was still to be sent has failed."""
    row.status, row.disabled_reason = EndpointStatus.DISABLED, reason
    row.disabled_at = (await session.execute(sa.select(sa.func.now()))).scalar_one()
    await session.flush()
    await session.execute(
        sa.update(WebhookDelivery)
        .where(col(WebhookDelivery.endpoint_id) == row.id, _PENDING)
        .values(status=WebhookDeliveryStatus.FAILED, completed_at=sa.func.now())
        .execution_options(synchronize_session=False)
    )


async def due_endpoints(session: AsyncSession, without: Collection[UUID], limit: int) -> Sequence[UUID]:
    """Enabled endpoints that something is due for, whoever waits longest first."""
    first = (
        sa.select(col(WebhookDelivery.due_at))
        .where(
            col(WebhookDelivery.endpoint_id) == col(WebhookEndpoint.id),
            _PENDING,
            col(WebhookDelivery.due_at) <= sa.func.clock_timestamp(),
        )
        .order_by(col(WebhookDelivery.due_at))
        .limit(1)
        .lateral()
    )
    statement = (
        select(WebhookEndpoint.id)
        .join(first, sa.true())
        .where(_ENABLED, col(WebhookEndpoint.id).not_in(without))
        .order_by(first.c.due_at)
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def enabled_endpoint(session: AsyncSession, endpoint_id: UUID) -> WebhookEndpoint | None:
    """An endpoint, if it is enabled."""
    statement = select(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id, _ENABLED)
    return (await session.exec(statement)).one_or_none()


async def claim(
    session: AsyncSession, endpoint_id: UUID, limit: int, lease: timedelta
) -> Sequence[WebhookDelivery]:
    """Take what is due for an endpoint, the oldest first; nobody else takes it before the lease has ended."""
    due = (
        select(WebhookDelivery)
        .where(
            col(WebhookDelivery.endpoint_id) == endpoint_id,
            _PENDING,
            col(WebhookDelivery.due_at) <= sa.func.clock_timestamp(),
        )
        .order_by(col(WebhookDelivery.due_at), col(WebhookDelivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.exec(due)).all()
    await session.execute(
        sa.update(WebhookDelivery)
        .where(col(WebhookDelivery.id).in_([row.id for row in rows]))
        .values(due_at=sa.func.clock_timestamp() + lease)
        .execution_options(synchronize_session=False)
    )
    return rows


async def forget(session: AsyncSession, older_than: timedelta) -> int:
    """Delete deliveries that were created so long ago and are not pending, with their attempts; answers how many."""
    done = await session.execute(
        sa.delete(WebhookDelivery).where(
            ~_PENDING, col(WebhookDelivery.created_at) < sa.func.now() - older_than
        )
    )
    return done.rowcount  # type: ignore[attr-defined, no-any-return]
