"""Periods are billed once each of their calls is accounted for; a credit counts in the period of its call."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

SLOTS = range(1, 9)


def upgrade() -> None:
    """Let periods be confirmed, and count the credits that waited in the periods of their calls."""
    op.execute("DROP FUNCTION IF EXISTS set_off_usage_credits")
    op.add_column("usage_periods", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "usage_periods", sa.Column("after_end", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("usage_periods", "after_end", server_default=None)
    op.execute("ALTER TABLE usage_periods DISABLE TRIGGER usage_periods_append_only")
    _count_what_waited()
    # What is billed is as it is.
    op.execute(
        "UPDATE usage_periods u SET confirmed_at = now() FROM licences l"
        " WHERE l.id = u.licence_id AND EXISTS (SELECT FROM period_closes p"
        "   WHERE p.agreement_id = l.agreement_id AND p.period_no = u.period_no)"
    )
    op.execute("ALTER TABLE usage_periods ENABLE TRIGGER usage_periods_append_only")
    op.drop_index("ix_usage_credits_waiting", "usage_credits")
    op.alter_column("usage_credits", "period_no", nullable=False)
    ddl.install("market/metering/confirmed_periods.v1")


def _count_what_waited() -> None:
    """Where the period is billed already, reconciliation finds that the invoice bills more than was used."""
    given = ", ".join(f"coalesce(units_{slot}, 0) AS units_{slot}" for slot in SLOTS)
    summed = ", ".join(f"sum(units_{slot})::bigint AS units_{slot}" for slot in SLOTS)
    lowered = ", ".join(f"units_{slot} = p.units_{slot} - w.units_{slot}" for slot in SLOTS)
    op.execute(
        f"""
        WITH waiting AS (
            UPDATE usage_credits c SET period_no = r.period_no FROM usage_records r
             WHERE c.period_no IS NULL AND r.licence_id = c.licence_id AND r.record_id = c.record_id
            RETURNING c.licence_id, c.period_no, c.purpose, {given.replace("(units", "(c.units")}
        ), purposes AS (
            UPDATE usage_purposes p SET {lowered}
              FROM (SELECT licence_id, period_no, purpose, {summed} FROM waiting GROUP BY 1, 2, 3) w
             WHERE p.licence_id = w.licence_id AND p.period_no = w.period_no AND p.purpose = w.purpose)
        UPDATE usage_periods p SET {lowered}
          FROM (SELECT licence_id, period_no, {summed} FROM waiting GROUP BY 1, 2) w
         WHERE p.licence_id = w.licence_id AND p.period_no = w.period_no
        """
    )
