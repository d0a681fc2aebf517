"""A licence gets its counters only with the columns and the pinned revision that were signed for."""

from infra.migrations import ddl

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Issued licences stay as they are: they are append-only, and were issued from what was signed."""
    ddl.install("contracts/licences/open_licence_counters.v4")
