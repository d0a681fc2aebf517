"""A quality run counts how often a worker began it, so that one that ends every worker does not go on for ever."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs that wait or run at present begin to be counted."""
    op.add_column("quality_runs", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("quality_runs", "attempts", server_default=None)
    ddl.grant("UPDATE (attempts)", "quality_runs")
