"""A withdrawn product is published again only by a decision about the procedure that delisted it."""

from infra.migrations import ddl

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Products that are listed are not looked at."""
    ddl.install("listings/enforcement/require_relisting.v1")
