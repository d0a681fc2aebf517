"""Webhooks over HTTP: an organisation's administrators manage its endpoints and see what was sent to them.

A remembered answer holds no secret: creating an endpoint again with the same ``Idempotency-Key`` shows none.
"""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.datastructures import State
from litestar.params import Parameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page
from infra.webhooks import deliveries, service
from infra.webhooks.domain import WebhookDeliveryStatus
from infra.webhooks.schemas import (
    WebhookDeliveryDetail,
    WebhookDeliveryRead,
    WebhookEndpointCreate,
    WebhookEndpointCreated,
    WebhookEndpointRead,
    WebhookEndpointUpdate,
    WebhookReplayCreate,
    WebhookReplayed,
    WebhookSecretRotated,
    WebhookSecretRotationCreate,
)


class WebhookEndpointController(Controller):
    """Addresses of the own organisation."""

    path = "/v1/webhook-endpoints"
    tags = ["Webhooks"]
    guards = [requires(Permission.WEBHOOK_MANAGE)]

    @post(summary="Create a webhook endpoint", operation_id="createWebhookEndpoint")
    async def create(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        idempotency: Idempotency,
        data: WebhookEndpointCreate,
    ) -> WebhookEndpointCreated:
        """Register an address. The signing secret is shown this once: messages are signed as Standard Webhooks says."""
        secret: str | None = None

        async def effect() -> WebhookEndpointRead:
            nonlocal secret
            row, secret = await service.create(
                session,
                actor,
                state.outgoing,
                url=data.url,
                description=data.description,
                event_kinds=data.event_kinds,
            )
            return WebhookEndpointRead.model_validate(row)

        read = await idempotency.run(WebhookEndpointRead, effect)
        return WebhookEndpointCreated(**read.model_dump(), secret=secret)

    @get(summary="List webhook endpoints", operation_id="listWebhookEndpoints")
    async def list_endpoints(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[WebhookEndpointRead]:
        """Endpoints of your organisation, newest first; secrets are not shown again."""
        rows, cursor = await service.list_endpoints(session, actor, page)
        return Page(items=[WebhookEndpointRead.model_validate(row) for row in rows], next_cursor=cursor)

    @get("/{endpoint_id:uuid}", summary="Get a webhook endpoint", operation_id="getWebhookEndpoint")
    async def get_endpoint(
        self, session: AsyncSession, actor: Actor, endpoint_id: UUID
    ) -> WebhookEndpointRead:
        """One endpoint, and whether it fails or was disabled."""
        return WebhookEndpointRead.model_validate(await service.get(session, actor, endpoint_id))

    @patch("/{endpoint_id:uuid}", summary="Update a webhook endpoint", operation_id="updateWebhookEndpoint")
    async def update(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        endpoint_id: UUID,
        data: WebhookEndpointUpdate,
    ) -> WebhookEndpointRead:
        """Change its address, description or kinds of event, or enable or disable it.

        While it is disabled no messages are made for it; those that were pending have failed, and can be replayed.
        """
        changes = data.model_dump(exclude_unset=True)
        row = await service.update(session, actor, state.outgoing, endpoint_id, changes)
        return WebhookEndpointRead.model_validate(row)

    @delete("/{endpoint_id:uuid}", summary="Delete a webhook endpoint", operation_id="deleteWebhookEndpoint")
    async def delete_endpoint(self, session: AsyncSession, actor: Actor, endpoint_id: UUID) -> None:
        """Delete an endpoint with its deliveries."""
        await service.delete(session, actor, endpoint_id)

    @post(
        "/{endpoint_id:uuid}/secret-rotations",
        summary="Rotate a webhook secret",
        operation_id="rotateWebhookSecret",
    )
    async def rotate_secret(
        self, session: AsyncSession, actor: Actor, endpoint_id: UUID, data: WebhookSecretRotationCreate
    ) -> WebhookSecretRotated:
        """A new secret, shown this once. Until the former one ends, messages carry a signature of each."""
        overlap = timedelta(hours=data.overlap_hours)
        secret, ends = await service.rotate_secret(session, actor, endpoint_id, overlap)
        return WebhookSecretRotated(secret=secret, former_secret_ends_at=ends)

    @post("/{endpoint_id:uuid}/pings", summary="Ping a webhook endpoint", operation_id="pingWebhookEndpoint")
    async def ping(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, endpoint_id: UUID
    ) -> WebhookDeliveryRead:
        """Send a message of the type `webhook.ping`."""

        async def effect() -> WebhookDeliveryRead:
            return WebhookDeliveryRead.of(await deliveries.ping(session, actor, endpoint_id))

        return await idempotency.run(WebhookDeliveryRead, effect)

    @get(
        "/{endpoint_id:uuid}/deliveries",
        summary="List webhook deliveries",
        operation_id="listWebhookDeliveries",
    )
    async def list_deliveries(
        self,
        session: AsyncSession,
        actor: Actor,
        endpoint_id: UUID,
        page: PageRequest,
        status: Annotated[
            WebhookDeliveryStatus | None, Parameter(description="Only those that stand so.")
        ] = None,
    ) -> Page[WebhookDeliveryRead]:
        """Messages for an endpoint, newest first; they are kept for 30 days."""
        rows, cursor = await deliveries.list_deliveries(session, actor, endpoint_id, status, page)
        return Page(items=[WebhookDeliveryRead.of(row) for row in rows], next_cursor=cursor)

    @get(
        "/{endpoint_id:uuid}/deliveries/{delivery_id:uuid}",
        summary="Get a webhook delivery",
        operation_id="getWebhookDelivery",
    )
    async def get_delivery(
        self, session: AsyncSession, actor: Actor, endpoint_id: UUID, delivery_id: UUID
    ) -> WebhookDeliveryDetail:
        """One message with every attempt to send it."""
        return WebhookDeliveryDetail.with_attempts(
            *await deliveries.get(session, actor, endpoint_id, delivery_id)
        )

    @post(
        "/{endpoint_id:uuid}/deliveries/{delivery_id:uuid}/replays",
        status_code=200,
        summary="Replay a webhook delivery",
        operation_id="replayWebhookDelivery",
    )
    async def replay(
        self, session: AsyncSession, actor: Actor, endpoint_id: UUID, delivery_id: UUID
    ) -> WebhookDeliveryDetail:
        """Send a message again at once, under its own id."""
        return WebhookDeliveryDetail.with_attempts(
            *await deliveries.replay(session, actor, endpoint_id, delivery_id)
        )

    @post(
        "/{endpoint_id:uuid}/replays",
        status_code=200,
        summary="Replay webhook deliveries",
        operation_id="replayWebhookDeliveries",
    )
    async def replay_since(
        self, session: AsyncSession, actor: Actor, endpoint_id: UUID, data: WebhookReplayCreate
    ) -> WebhookReplayed:
        """Send every message again that was made since a time, each under its own id."""
        count = await deliveries.replay_since(
            session, actor, endpoint_id, data.since, only_failed=data.only_failed
        )
        return WebhookReplayed(count=count)
