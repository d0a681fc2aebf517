"""Record what is detected in revisions and decided about it; let a resource be declared personal later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_KINDS = ["resident_id", "mobile_number", "bank_card", "email"]
_STATUSES = ["open", "contested", "accepted", "rejected"]


def upgrade() -> None:
    """Of revisions from before, nothing is recorded: the rows of their samples are looked at when they are shown."""
    op.create_table(
        "revision_contents",
        sa.Column("revision_id", sa.Uuid(), sa.ForeignKey("product_revisions.id"), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("detected", JSONB(), nullable=False),
    )
    op.create_index("ix_revision_contents_product_id", "revision_contents", ["product_id"])
    ddl.append_only("revision_contents")
    op.create_table(
        "content_decisions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(ddl.check_in("kind", _KINDS), name=op.f("ck_content_decisions_content_kind")),
        sa.CheckConstraint(
            ddl.check_in("status", _STATUSES), name=op.f("ck_content_decisions_finding_status")
        ),
    )
    op.create_index(
        "ix_content_decisions_finding", "content_decisions", ["product_id", "column_name", "kind", "id"]
    )
    ddl.append_only("content_decisions")
    op.create_table(
        "personal_columns",
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), primary_key=True),
        sa.Column("column_name", sa.String(), primary_key=True),
        sa.Column("marked_by", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
    )
    ddl.append_only("personal_columns")
    ddl.grant("UPDATE (personal_information)", "data_resources")
