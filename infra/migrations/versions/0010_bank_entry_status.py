"""A bank entry's match says its status: the column ``outcome`` becomes ``status``, with one word for each state."""

from alembic import op

from infra.migrations import ddl

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column, and replace its check by one that knows every state."""
    op.execute("ALTER TABLE bank_matches DROP CONSTRAINT ck_bank_matches_match_outcome")
    op.execute("ALTER TABLE bank_matches RENAME COLUMN outcome TO status")
    op.create_check_constraint(
        op.f("ck_bank_matches_bank_entry_status"),
        "bank_matches",
        ddl.check_in("status", ["paid", "received", "suspense"]),
    )
