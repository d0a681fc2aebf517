"""Attempts to sign in are counted by account and source, and sources have a budget of them.

What was counted by account alone says nothing about sources and is forgotten.
"""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename what is counted by, and make the table of budgets."""
    op.execute("DELETE FROM sign_in_attempts")
    op.alter_column("sign_in_attempts", "account", new_column_name="subject")
    op.create_table(
        "attempt_budgets",
        sa.Column("subject", sa.LargeBinary(), primary_key=True),
        sa.Column("spent_until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_attempt_budgets_spent_until", "attempt_budgets", ["spent_until"])
    ddl.mutable("attempt_budgets", delete=True)
