"""Domain events: the facts, the outbox, and their deliveries to subscribers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of events."""
    op.create_table(
        "event_subjects",
        sa.Column("subject_id", sa.Uuid(), primary_key=True),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
    )
    ddl.mutable("event_subjects")
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("organisations", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("traceparent", sa.String(), nullable=True),
        sa.UniqueConstraint("subject_id", "sequence", name="uq_events_subject_id_sequence"),
    )
    ddl.append_only("events")
    op.create_table(
        "event_outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("events.id"), nullable=False),
    )
    ddl.grant("SELECT, INSERT, DELETE", "event_outbox")
    _deliveries()


def _deliveries() -> None:
    op.create_table(
        "event_deliveries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subscriber", sa.String(), nullable=False),
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("events.id"), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.UniqueConstraint("subscriber", "event_id", name="uq_event_deliveries_subscriber_event_id"),
        sa.CheckConstraint(
            ddl.check_in("status", ["pending", "delivered", "dead", "dropped"]),
            name=op.f("ck_event_deliveries_delivery_status"),
        ),
    )
    for name, columns, condition in (
        ("due", ["due_at"], "status = 'pending'"),
        ("open", ["subscriber", "subject_id", "sequence"], "status IN ('pending', 'dead')"),
        ("dead", ["id"], "status = 'dead'"),
        ("done", ["updated_at"], "status IN ('delivered', 'dropped')"),
    ):
        op.create_index(
            f"ix_event_deliveries_{name}",
            "event_deliveries",
            columns,
            postgresql_where=sa.text(condition),
        )
    ddl.mutable("event_deliveries", delete=True)
