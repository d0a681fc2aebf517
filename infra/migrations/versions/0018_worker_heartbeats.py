"""Heartbeats of workers, by which the API says that none is there."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of heartbeats."""
    op.create_table(
        "worker_heartbeats",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("down", sa.ARRAY(sa.String()), nullable=False),
    )
    op.create_index("ix_worker_heartbeats_last_seen_at", "worker_heartbeats", ["last_seen_at"])
    ddl.mutable("worker_heartbeats", delete=True)
