"""A revision that breaks its readers is announced before it is read; licences name the revision they are for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_HOUSE = "house decision: what buyers' programs read changes after a notice they can act on"


def upgrade() -> None:
    """Every revision that exists is of its product's first schema; every licence reads the latest."""
    op.add_column(
        "product_revisions", sa.Column("schema_version", sa.Integer(), nullable=False, server_default="1")
    )
    op.alter_column("product_revisions", "schema_version", server_default=None)
    op.add_column(
        "product_revisions",
        sa.Column("previous_id", sa.Uuid(), sa.ForeignKey("product_revisions.id"), nullable=True),
    )
    op.add_column("product_revisions", sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "licences",
        sa.Column("revision_id", sa.Uuid(), sa.ForeignKey("product_revisions.id"), nullable=True),
    )
    op.create_table(
        "schema_changes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), sa.ForeignKey("product_revisions.id"), nullable=False),
        sa.Column("breaking", JSONB(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawal_reason", sa.String(), nullable=True),
        sa.UniqueConstraint("product_id", "version"),
        sa.CheckConstraint(
            ddl.check_in("status", ["proposed", "announced", "withdrawn"]),
            name=op.f("ck_schema_changes_change_status"),
        ),
        sa.CheckConstraint(
            "status <> 'announced' OR effective_at IS NOT NULL", name=op.f("ck_schema_changes_dated")
        ),
    )
    ddl.grant("SELECT, INSERT", "schema_changes")
    ddl.grant(
        "UPDATE (status, breaking, announced_at, announced_by, reason, effective_at, rules, withdrawn_at,"
        " withdrawn_by, withdrawal_reason)",
        "schema_changes",
    )
    ddl.status_edges(
        "schema_changes",
        [">proposed", "proposed>announced", "proposed>withdrawn", "announced>withdrawn"],
    )
    ddl.rule_kind(
        "revision.notice_days", "integer", "破坏性变更预告期", "Notice of a breaking change of a product's columns",
        minimum="0", maximum="365", unit="days",
    )  # fmt: skip
    ddl.parameter("revision.notice_days", 30, source=_HOUSE, source_status="house")
