"""Tables of webhooks. Secrets are encrypted."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.auth import OrganisationKind
from infra.db import Table, enum_column, id_column, timestamp_column
from infra.secrets import EncryptedText
from infra.webhooks.domain import DisabledReason, EndpointStatus, WebhookDeliveryStatus


class WebhookEndpoint(Table, table=True):
    """An address of an organisation, and what it wants to hear.

    ``failing_since`` is the first failure since the last success.
    """

    __tablename__ = "webhook_endpoints"

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    organisation_kind: OrganisationKind = enum_column(OrganisationKind)
    url: str
    description: str | None = None
    event_kinds: list[str] = Field(sa_type=sa.ARRAY(sa.String()), nullable=False)
    status: EndpointStatus = enum_column(EndpointStatus)
    disabled_reason: DisabledReason | None = enum_column(DisabledReason, default=None, nullable=True)
    disabled_at: datetime | None = timestamp_column(nullable=True)
    failing_since: datetime | None = timestamp_column(nullable=True)
    created_by: UUID
    created_at: datetime = timestamp_column()


class WebhookSecret(Table, table=True):
    """A signing secret; valid until ``expires_at``."""

    __tablename__ = "webhook_secrets"

    id: UUID = id_column()
    endpoint_id: UUID = Field(foreign_key="webhook_endpoints.id", index=True, ondelete="CASCADE")
    secret: str = Field(sa_type=EncryptedText("webhook_secrets.secret"))
    created_at: datetime = timestamp_column()
    expires_at: datetime | None = timestamp_column(nullable=True)


class WebhookDelivery(Table, table=True):
    """One message for one endpoint.

    ``tries`` counts those since it was created or replayed last, ``attempts`` all of them. While an attempt is under
    way, ``due_at`` is when it is given up for lost.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("endpoint_id", "message_id"),
        sa.Index(
            "ix_webhook_deliveries_due",
            "endpoint_id",
            "due_at",
            postgresql_where=sa.text("status = 'pending'"),
        ),
        sa.Index("ix_webhook_deliveries_endpoint_id_id", "endpoint_id", "id"),
        sa.Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    id: UUID = id_column()
    endpoint_id: UUID = Field(foreign_key="webhook_endpoints.id", ondelete="CASCADE")
    message_id: UUID
    kind: str
    body: str
    status: WebhookDeliveryStatus = enum_column(WebhookDeliveryStatus)
    tries: int = 0
    attempts: int = 0
    due_at: datetime = timestamp_column()
    created_at: datetime = timestamp_column()
    completed_at: datetime | None = timestamp_column(nullable=True)


class WebhookAttempt(Table, table=True):
    """A message sent once, and what came of it."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (sa.UniqueConstraint("delivery_id", "number"),)

    id: UUID = id_column()
    delivery_id: UUID = Field(foreign_key="webhook_deliveries.id", ondelete="CASCADE")
    number: int
    attempted_at: datetime = timestamp_column()
    duration_ms: int
    response_status: int | None = None
    response_text: str | None = None
    error: str | None = None
