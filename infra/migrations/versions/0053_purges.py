"""Unlawfully published data is destroyed by order of a regulator, confirmed by another person; a tombstone remains."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

GUARDED = {
    "column_proposals": ("revision_id", "proposals"),
    "product_revisions": ("id", "sample profile source_name purged_at"),
    "quality_reports": ("revision_id", "checks"),
    "revision_contents": ("revision_id", "detected"),
}
"""Table → the column that names the revision, and those that a purge empties."""


def upgrade() -> None:
    """Let a confirmed order, and nothing else, empty rows that are append-only."""
    op.create_table(
        "purge_orders",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("whole_product", sa.Boolean(), nullable=False),
        sa.Column("revision_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("order_sha256", sa.String(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("ordered_by", sa.Uuid(), nullable=False),
        sa.Column("ordered_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_organisation", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("backups", JSONB(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("status", ["ordered", "confirmed", "completed", "rejected"]),
            name=op.f("ck_purge_orders_purge_status"),
        ),
        sa.CheckConstraint(
            "status IN ('ordered', 'rejected') OR decided_by <> ordered_by",
            name=op.f("ck_purge_orders_two_persons"),
        ),
        sa.CheckConstraint(
            "(status = 'ordered') = (decided_by IS NULL)", name=op.f("ck_purge_orders_decided")
        ),
    )
    op.create_index("ix_purge_orders_product_id", "purge_orders", ["product_id"])
    ddl.grant("SELECT, INSERT", "purge_orders")
    ddl.grant(
        "UPDATE (status, revision_ids, decided_by, decided_by_organisation, decided_at, decision_reason,"
        " completed_at, backups)",
        "purge_orders",
    )
    ddl.status_edges(
        "purge_orders",
        [">ordered", "ordered>confirmed", "ordered>rejected", "confirmed>completed"],
    )
    op.create_table(
        "backups",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manifest_sha256", sa.String(), nullable=False),
    )
    ddl.grant("SELECT", "backups")
    op.create_index(
        "ix_product_revisions_purged",
        "product_revisions",
        ["source_sha256"],
        postgresql_where=sa.text("purged_at IS NOT NULL"),
    )
    ddl.install("listings/purges/purge_revisions.v1")
    ddl.grant_function("is_purged(uuid)")
    ddl.grant_function("purge_revisions(uuid)")
    for table, (revision_column, emptied) in GUARDED.items():
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        ddl.script(
            f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
            f" CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION keep_unless_purged('{revision_column}', '{emptied}')"
        )
