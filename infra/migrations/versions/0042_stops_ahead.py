"""Stops may be placed ahead: each counts from the instant it begins at."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of every stop when it begins; those there are began when they were placed."""
    op.add_column(
        "stops",
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.execute("ALTER TABLE stops DISABLE TRIGGER USER")
    op.execute("UPDATE stops SET begins_at = placed_at")
    op.execute("ALTER TABLE stops ENABLE TRIGGER USER")
    op.alter_column("stops", "begins_at", server_default=None)
    op.create_check_constraint(
        op.f("ck_stops_begins"), "stops", "begins_at >= placed_at AND (NOT final OR begins_at = placed_at)"
    )
    op.drop_index("ix_stops_active", "stops")
    # With the instant in it, admission never visits the row of a stop that is still to come.
    op.create_index(
        "ix_stops_active", "stops", ["subject_id", "begins_at"], postgresql_where=sa.text("lifted_at IS NULL")
    )
    ddl.install("infra/stops/stops_triggers.v3")
