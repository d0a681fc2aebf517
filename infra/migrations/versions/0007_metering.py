"""Licence counters, usage records, repeat keys, billing periods, and the function that admits calls."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What every function of the hot path fixes for itself. Statistics of tables that were empty at the first call, or
# that grow by a thousand rows a second, must not choose its plans: every look-up is by a primary key or a partial
# index, so index scans in nested loops are always right here, and one generic plan is kept per connection.
PLANNER = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


def upgrade() -> None:
    """Create the counters, the records with their partitions, and the functions."""
    _counters()
    _records()
    _keys_and_periods()
    ddl.install("market/metering/admit_calls.v1", planner=PLANNER)
    ddl.install("market/metering/close_period.v1", planner=PLANNER)
    # The service owns no table and may create none, so what it must be able to add is made by a function of the owner.
    ddl.install("market/metering/ensure_usage_partitions.v1")
    ddl.grant_function(
        "admit_calls(uuid[], int[], uuid[], text[], bytea[], int[], int[], bigint[], uuid[], text[], uuid[], int[])"
    )
    ddl.grant_function("close_period(uuid)")
    ddl.grant_function("ensure_usage_partitions(int)")
    op.execute("SELECT ensure_usage_partitions(2)")


def _counters() -> None:
    op.create_table(
        "licence_counters",
        sa.Column("licence_id", sa.Uuid(), primary_key=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("links", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quota_calls", sa.BigInteger(), nullable=True),
        sa.Column("quota_rows", sa.BigInteger(), nullable=True),
        sa.Column("used_calls", sa.BigInteger(), nullable=False),
        sa.Column("used_rows", sa.BigInteger(), nullable=False),
        sa.Column("period_no", sa.Integer(), nullable=False),
        sa.Column("period_calls", sa.BigInteger(), nullable=False),
        sa.Column("period_rows", sa.BigInteger(), nullable=False),
        sa.Column("period_opened_at", sa.DateTime(timezone=True), nullable=False),
        # The function never exceeds a quota; should it ever, the database refuses the batch instead.
        sa.CheckConstraint("used_calls <= quota_calls", name=op.f("ck_licence_counters_calls_within_quota")),
        sa.CheckConstraint("used_rows <= quota_rows", name=op.f("ck_licence_counters_rows_within_quota")),
        sa.CheckConstraint(
            "0 <= period_calls AND period_calls <= used_calls AND 0 <= period_rows AND period_rows <= used_rows",
            name=op.f("ck_licence_counters_period_within_total"),
        ),
        # Room on each page for new versions of its rows, so that raising a counter touches no index.
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_licence_counters_agreement_id", "licence_counters", ["agreement_id"])
    ddl.mutable("licence_counters")


def _records() -> None:
    op.create_table(
        "usage_records",
        sa.Column("licence_id", sa.Uuid(), primary_key=True),
        sa.Column("record_id", sa.Uuid(), primary_key=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("period_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.execute("CREATE TABLE usage_records_p_default PARTITION OF usage_records DEFAULT")
    op.execute(
        "CREATE TRIGGER usage_records_p_default_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON usage_records_p_default FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    ddl.append_only("usage_records")


def _keys_and_periods() -> None:
    op.create_table(
        "usage_keys",
        sa.Column("licence_id", sa.Uuid(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
    )
    ddl.append_only("usage_keys")
    op.create_table(
        "usage_periods",
        sa.Column("licence_id", sa.Uuid(), primary_key=True),
        sa.Column("period_no", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
    )
    ddl.append_only("usage_periods")
