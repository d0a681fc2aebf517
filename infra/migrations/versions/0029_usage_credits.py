"""Credits of calls that were recorded and not answered, and what each process says of its answers.

The functions of metering themselves are installed after the migrations, rendered for the registry's units.
"""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SLOTS = range(1, 9)
ALWAYS_COUNTED = 3
REASONS = ("process_ended", "unanswered")


def upgrade() -> None:
    """Create the tables, and what keeps them as they are."""
    op.create_table(
        "usage_credits",
        sa.Column("licence_id", sa.Uuid(), primary_key=True),
        sa.Column("record_id", sa.Uuid(), primary_key=True),
        sa.Column("credited_at", MOMENT, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("period_no", sa.Integer(), nullable=True),
        *(sa.Column(f"units_{slot}", sa.BigInteger(), nullable=slot > ALWAYS_COUNTED) for slot in SLOTS),
        sa.CheckConstraint(
            ddl.check_in("reason", REASONS), name=op.f("ck_usage_credits_usage_credit_reason")
        ),
    )
    op.create_index(
        "ix_usage_credits_waiting",
        "usage_credits",
        ["licence_id"],
        postgresql_where=sa.text("period_no IS NULL"),
    )
    op.create_table(
        "usage_repeats",
        sa.Column("licence_id", sa.Uuid(), primary_key=True),
        sa.Column("record_id", sa.Uuid(), primary_key=True),
        sa.Column("repeated_at", MOMENT, nullable=False),
    )
    ddl.append_only("usage_repeats")
    ddl.install("market/metering/usage_credits.v1")
    for table in ("usage_credits", "usage_repeats"):
        ddl.written_by_functions(table)
    op.create_table(
        "metering_processes",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("decided_through", sa.Uuid(), nullable=False),
        sa.Column("licence_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("record_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("suspected_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
    )
    ddl.mutable("metering_processes", delete=True)
