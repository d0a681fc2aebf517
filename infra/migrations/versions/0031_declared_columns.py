"""Types of columns are declared before there is a file."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is declared of the products there are."""
    op.add_column(
        "data_products",
        sa.Column("declared_columns", JSONB(), nullable=False, server_default=sa.text("'[]'")),
    )
    op.alter_column("data_products", "declared_columns", server_default=None)
    ddl.grant("UPDATE (declared_columns)", "data_products")
