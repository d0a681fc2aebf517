"""Record what columns are proposed to be described as, and what persons say of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Revisions from before have no proposals until somebody asks for them."""
    table = "column_proposals"
    op.create_table(
        table,
        sa.Column("revision_id", sa.Uuid(), sa.ForeignKey("product_revisions.id"), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("proposals", JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_column_proposals_product_id", table, ["product_id"])
    ddl.append_only(table)
    table = "column_proposal_decisions"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("revision_id", sa.Uuid(), sa.ForeignKey("product_revisions.id"), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("answer", sa.String(40), nullable=False),
        sa.Column("entry", JSONB(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("answer", ["confirmed", "rejected"]),
            name=op.f("ck_column_proposal_decisions_proposal_answer"),
        ),
    )
    op.create_index("ix_column_proposal_decisions_column", table, ["product_id", "column_name", "id"])
    ddl.append_only(table)
