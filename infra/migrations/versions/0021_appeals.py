"""Appeals of suspended organisations."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table of appeals."""
    op.create_table(
        "appeals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "organisation_id",
            sa.Uuid(),
            sa.ForeignKey("organisations.id", name="fk_appeals_organisation_id_organisations"),
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("lodged_by", sa.Uuid(), nullable=False),
        sa.Column("lodged_at", _TIME, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            ddl.check_in("status", ["open", "dismissed", "upheld"]), name=op.f("ck_appeals_appeal_status")
        ),
    )
    op.create_index("ix_appeals_organisation_id", "appeals", ["organisation_id"])
    op.create_index(
        "uq_appeals_open",
        "appeals",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    ddl.mutable("appeals")
