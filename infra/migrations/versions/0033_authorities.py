"""The suspension of an organisation is lifted by the authority that placed it, or by one above."""

from infra.migrations import ddl

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Have the database hold it too: the platform lifts no regulator's stop."""
    ddl.install("infra/stops/stops_triggers.v2")
