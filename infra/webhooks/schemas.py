"""What goes in and out about webhooks over HTTP."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from infra.events.kinds import EventKind
from infra.outgoing.domain import MAX_URL_LENGTH
from infra.schema import Input, Instant, Output, ShortText
from infra.webhooks.domain import DisabledReason, EndpointStatus, WebhookDeliveryStatus, message_id
from infra.webhooks.tables import WebhookAttempt, WebhookDelivery

WebhookUrl = Annotated[
    str,
    StringConstraints(min_length=8, max_length=MAX_URL_LENGTH, pattern=r"^https?://[\x21-\x7e]+$"),
]
EventKinds = Annotated[list[EventKind], Field(min_length=1, max_length=len(EventKind))]


class WebhookEndpointCreate(Input):
    """An address, and what it wants to hear."""

    url: WebhookUrl = Field(description="https, without credentials; redirects are not followed")
    description: ShortText | None = None
    event_kinds: EventKinds


class WebhookEndpointUpdate(Input):
    """What is to change; members that are left out stay. Only ``description`` may be null, which removes it."""

    # Never read: whoever changes something looks at the members that were sent.
    url: WebhookUrl = Field(default_factory=str)
    description: ShortText | None = Field(None, description="null removes it")
    event_kinds: EventKinds = Field(default_factory=list)
    enabled: bool = Field(default_factory=bool)


class WebhookEndpointRead(Output):
    """An endpoint of the own organisation."""

    id: UUID
    url: str
    description: str | None
    event_kinds: list[EventKind]
    status: EndpointStatus
    disabled_reason: DisabledReason | None
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="The first failure since the last success")
    created_at: datetime


class WebhookEndpointCreated(WebhookEndpointRead):
    """A new endpoint with its signing secret."""

    secret: str | None = Field(
        description="Shown this once; null where the request is repeated with its Idempotency-Key: rotate it then"
    )


class WebhookSecretRotationCreate(Input):
    """Rotating a signing secret."""

    overlap_hours: int = Field(24, ge=0, le=168, description="Hours for which both secrets sign")


class WebhookSecretRotated(Output):
    """The new secret, which is shown this once."""

    secret: str
    former_secret_ends_at: datetime


class WebhookAttemptRead(Output):
    """A message sent once."""

    number: int
    attempted_at: datetime
    duration_ms: int
    response_status: int | None
    response_text: str | None = Field(description="The beginning of the answer")
    error: str | None = Field(description="What happened where there was no answer")


class WebhookDeliveryRead(Output):
    """One message for one endpoint."""

    id: UUID
    message_id: str = Field(description="webhook-id of the message, the same whenever it is sent")
    kind: str = Field(description="A kind of event, or webhook.ping")
    status: WebhookDeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, row: WebhookDelivery) -> "WebhookDeliveryRead":
        """Map a row."""
        return cls(**_members(row))


class WebhookDeliveryDetail(WebhookDeliveryRead):
    """One message with what was sent and every attempt."""

    payload: dict[str, Any]
    attempt_log: list[WebhookAttemptRead]

    @classmethod
    def with_attempts(
        cls, row: WebhookDelivery, attempts: Sequence[WebhookAttempt]
    ) -> "WebhookDeliveryDetail":
        """Map a row with its attempts."""
        return cls(
            **_members(row),
            payload=json.loads(row.body),
            attempt_log=[WebhookAttemptRead.model_validate(attempt) for attempt in attempts],
        )


def _members(row: WebhookDelivery) -> dict[str, Any]:
    pending = row.status is WebhookDeliveryStatus.PENDING
    return row.model_dump(include={"id", "kind", "status", "attempts", "created_at", "completed_at"}) | {
        "message_id": message_id(row.message_id),
        "next_attempt_at": row.due_at if pending else None,
    }


class WebhookReplayCreate(Input):
    """Which messages to send again."""

    since: Instant = Field(description="Those that were made from this moment on")
    only_failed: bool = Field(False, description="Only those that failed for good")


class WebhookReplayed(Output):
    """How many messages are sent again."""

    count: int
