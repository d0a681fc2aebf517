"""Reasons of matches and explanations of breaks are kept so that each reader is told them in their own language."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

TEXTS = (("bank_matches", "reason"), ("reconciliation_breaks", "explanation"))


def upgrade() -> None:
    """Keep what is there as plain strings, which everybody is shown as they are."""
    for table, column in TEXTS:
        op.alter_column(
            table, column, existing_type=sa.Text(), type_=JSONB(), postgresql_using=f"to_jsonb({column})"
        )
