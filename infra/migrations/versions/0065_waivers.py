"""Failed reports can be waived for a time, and what the service observes of products is kept for their quality."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was waived or observed so far."""
    _waivers()
    _requests()
    _observations()
    _rules()


def _waivers() -> None:
    table = "quality_waivers"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("quality_reports.id"), nullable=False),
        sa.Column("checks", JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.String(), nullable=True),
        sa.Column("ended_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint("expires_at > granted_at", name="lasts"),
    )
    op.create_index("ix_quality_waivers_report_id", table, ["report_id", "expires_at"])
    op.create_index("ix_quality_waivers_revision_id", table, ["revision_id"])
    op.create_index(
        "ix_quality_waivers_untold", table, ["expires_at"], postgresql_where=sa.text("ended_told_at IS NULL")
    )
    ddl.grant("SELECT, INSERT", table)
    ddl.grant("UPDATE (revoked_by, revoked_at, revocation_reason, ended_told_at)", table)
    ddl.script(
        f"CREATE TRIGGER {table}_stay BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
        f" CREATE TRIGGER {table}_catalogue AFTER INSERT OR UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION note_catalogue_change('revision_id')"
    )


def _requests() -> None:
    table = "quality_waiver_requests"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("quality_reports.id"), nullable=False),
        sa.Column("checks", JSONB(), nullable=False),
        sa.Column("justification", sa.String(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("waiver_id", sa.Uuid(), sa.ForeignKey("quality_waivers.id"), nullable=True),
        sa.CheckConstraint(
            ddl.check_in("status", ["waiting", "granted", "declined"]), name="waiver_request_status"
        ),
    )
    op.create_index(
        "uq_quality_waiver_requests_waiting",
        table,
        ["report_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_quality_waiver_requests_revision_id", table, ["revision_id"])
    op.create_index("ix_quality_waiver_requests_product_id", table, ["product_id"])
    ddl.grant("SELECT, INSERT", table)
    ddl.grant("UPDATE (status, decided_by, decided_at, decision_reason, waiver_id)", table)
    ddl.status_edges(table, [">waiting", "waiting>granted", "waiting>declined"])


def _observations() -> None:
    table = "timeliness_observations"
    op.create_table(
        table,
        sa.Column("product_id", sa.Uuid(), primary_key=True),
        sa.Column("in_time", sa.Integer(), nullable=False),
        sa.Column("periods", sa.Integer(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("in_time BETWEEN 0 AND periods", name="counts"),
    )
    ddl.grant("SELECT, INSERT", table)
    ddl.grant("UPDATE (in_time, periods, observed_at)", table)
    table = "call_observations"
    op.create_table(
        table,
        sa.Column("product_id", sa.Uuid(), primary_key=True),
        sa.Column("hour", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("succeeded BETWEEN 0 AND calls", name="counts"),
    )
    ddl.grant("SELECT, INSERT", table)
    ddl.grant("UPDATE (calls, succeeded, milliseconds)", table)


def _rules() -> None:
    ddl.rule_kind(
        "quality.waiver.longest_days",
        "integer",
        "质量豁免最长天数",
        "Longest waiver of a failed quality report",
        minimum="1",
        maximum="366",
        unit="days",
    )
    ddl.parameter(
        "quality.waiver.longest_days",
        90,
        source="For how long a failed report may be waived at once: decided by the market",
        source_status="house",
    )
    ddl.rule_kind(
        "quality.accessibility.days",
        "integer",
        "可访问性统计天数",
        "Days of data calls that accessibility is measured by",
        minimum="1",
        maximum="366",
        unit="days",
    )
    ddl.parameter(
        "quality.accessibility.days",
        30,
        source="Over how many days of calls accessibility is measured: decided by the market",
        source_status="house",
    )
