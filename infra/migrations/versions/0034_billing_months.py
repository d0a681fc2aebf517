"""Billing periods are calendar months in the market's time zone."""

import sqlalchemy as sa
from alembic import context, op

from infra.migrations import ddl, sql_files

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

REASONS = ("end_of_contract", "termination")


def upgrade() -> None:
    """Give periods their month, and let those that are open end with the month of the update."""
    op.execute("DROP FUNCTION IF EXISTS close_period")
    op.add_column("licence_counters", sa.Column("period_month", sa.Date(), nullable=True))
    op.add_column("licence_counters", sa.Column("period_ends_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_licence_counters_period_ends_at", "licence_counters", ["period_ends_at"])
    for table, party in (("usage_periods", "licence_id"), ("period_closes", "agreement_id")):
        op.add_column(table, sa.Column("month", sa.Date(), nullable=True))
        op.add_column(table, sa.Column("close_reason", sa.String(40), nullable=True))
        op.create_check_constraint(
            op.f(f"ck_{table}_close_reason"), table, ddl.check_in("close_reason", REASONS)
        )
        op.add_column(table, sa.Column("close_note", sa.String(), nullable=True))
        op.create_unique_constraint(op.f(f"uq_{table}_{party}_month"), table, [party, "month"])
    op.add_column("invoices", sa.Column("period_month", sa.Date(), nullable=True))
    _months_of_open_periods()
    op.execute("DROP FUNCTION open_licence_counters")
    ddl.install("contracts/licences/open_licence_counters.v2")
    ddl.grant_function("open_licence_counters(uuid)")


def _months_of_open_periods() -> None:
    for function in ("month_ends_at", "month_of"):  # installed for good after the migrations
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
        ddl.script(sql_files.render(f"market/metering/{function}.v1", schema="public"))
    zone = {"zone": context.config.attributes["time_zone"]}
    # A period in which nothing could be used yet begins with its licence's term.
    begun = sa.text(
        "UPDATE licence_counters c SET period_opened_at = greatest(c.period_opened_at, c.valid_from),"
        " period_month = month_of(greatest(now(), c.valid_from), :zone) WHERE c.period_no = 1"
    )
    others = sa.text(
        "UPDATE licence_counters c SET period_month = month_of(now(), :zone) WHERE c.period_no > 1"
    )
    ends = sa.text("UPDATE licence_counters c SET period_ends_at = month_ends_at(c.period_month, :zone)")
    for statement in (begun, others, ends):
        op.get_bind().execute(statement, zone)
