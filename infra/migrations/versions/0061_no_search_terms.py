"""Products are found in the catalogue's index, no longer by terms in their rows."""

from alembic import op

from infra.migrations import ddl

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Its index goes with the column; what is searched is read from titles, descriptions and dictionary."""
    ddl.install("listings/editions/editions_triggers.v2")
    op.drop_column("data_products", "search_terms")
