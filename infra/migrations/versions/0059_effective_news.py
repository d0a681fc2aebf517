"""Licensees are told when a change of the columns takes effect."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Changes that are in force already are news to nobody."""
    op.add_column("schema_changes", sa.Column("effective_told_at", sa.DateTime(timezone=True), nullable=True))
    ddl.grant("UPDATE (effective_told_at)", "schema_changes")
    op.execute(
        "UPDATE schema_changes SET effective_told_at = effective_at"
        " WHERE status = 'announced' AND effective_at <= now()"
    )
    op.create_index(
        "ix_schema_changes_untold",
        "schema_changes",
        ["effective_at"],
        postgresql_where=sa.text("status = 'announced' AND effective_told_at IS NULL"),
    )
