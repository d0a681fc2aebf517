"""Webhooks: endpoints of organisations, their secrets, and what was sent to them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of webhooks."""
    _endpoints()
    _deliveries()


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("organisation_kind", sa.String(40), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("event_kinds", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("disabled_reason", sa.String(40), nullable=True),
        _moment("disabled_at", nullable=True),
        _moment("failing_since", nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _moment("created_at"),
        sa.CheckConstraint(
            ddl.check_in("organisation_kind", ["buyer", "operator", "owner", "platform", "regulator"]),
            name=op.f("ck_webhook_endpoints_organisation_kind"),
        ),
        sa.CheckConstraint(
            ddl.check_in("status", ["enabled", "disabled"]), name=op.f("ck_webhook_endpoints_endpoint_status")
        ),
        sa.CheckConstraint(
            ddl.check_in("disabled_reason", ["manual", "gone", "failing"]),
            name=op.f("ck_webhook_endpoints_disabled_reason"),
        ),
    )
    op.create_index("ix_webhook_endpoints_organisation_id", "webhook_endpoints", ["organisation_id"])
    ddl.mutable("webhook_endpoints", delete=True)
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("endpoint_id", sa.Uuid(), _of("webhook_endpoints"), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("expires_at", nullable=True),
    )
    op.create_index("ix_webhook_secrets_endpoint_id", "webhook_secrets", ["endpoint_id"])
    ddl.mutable("webhook_secrets", delete=True)


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("endpoint_id", sa.Uuid(), _of("webhook_endpoints"), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("due_at"),
        _moment("created_at"),
        _moment("completed_at", nullable=True),
        sa.UniqueConstraint("endpoint_id", "message_id", name="uq_webhook_deliveries_endpoint_id_message_id"),
        sa.CheckConstraint(
            ddl.check_in("status", ["pending", "succeeded", "failed"]),
            name=op.f("ck_webhook_deliveries_webhook_delivery_status"),
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["endpoint_id", "due_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_webhook_deliveries_endpoint_id_id", "webhook_deliveries", ["endpoint_id", "id"])
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    ddl.mutable("webhook_deliveries", delete=True)
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("delivery_id", sa.Uuid(), _of("webhook_deliveries"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("attempted_at"),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("response_text", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.UniqueConstraint("delivery_id", "number", name="uq_webhook_attempts_delivery_id_number"),
    )
    ddl.grant("SELECT, INSERT", "webhook_attempts")


def _moment(name: str, *, nullable: bool = False) -> Any:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
