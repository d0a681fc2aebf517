"""Files come as uploads that survive a cut connection, and a worker makes revisions of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

STATUSES = ("cancelled", "expired", "failed", "queued", "receiving", "running", "succeeded")
PHASES = (
    "fetching",
    "assembling",
    "unpacking",
    "reading",
    "verifying",
    "writing",
    "profiling",
    "registering",
)
EDGES = (
    ">receiving",
    ">queued",
    "receiving>queued",
    "receiving>cancelled",
    "receiving>expired",
    "queued>running",
    "queued>failed",
    "queued>cancelled",
    "running>succeeded",
    "running>failed",
    "running>cancelled",
)


def upgrade() -> None:
    """Create the tables of uploads and of their pieces."""
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _reference("product_id", "data_products"),
        _reference("organisation_id", "organisations"),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("by_program", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("options", JSONB(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.String(40), nullable=True),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _reference("revision_id", "product_revisions", nullable=True),
        sa.Column("unchanged", sa.Boolean(), nullable=False),
        sa.Column("problem", JSONB(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("expires_at"),
        _moment("finished_at", nullable=True),
        sa.CheckConstraint(ddl.check_in("status", STATUSES), name=op.f("ck_uploads_upload_status")),
        sa.CheckConstraint(ddl.check_in("phase", PHASES), name=op.f("ck_uploads_upload_phase")),
    )
    op.create_index("ix_uploads_product_id", "uploads", ["product_id"])
    op.create_index("ix_uploads_organisation_id", "uploads", ["organisation_id"])
    op.create_index(
        "ix_uploads_open", "uploads", ["organisation_id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_index(
        "ix_uploads_expires_at", "uploads", ["expires_at"], postgresql_where=sa.text("status = 'receiving'")
    )
    ddl.grant("SELECT, INSERT", "uploads")
    ddl.grant(
        "UPDATE (size_bytes, status, received_bytes, phase, percent, rows, attempts, revision_id, unchanged, problem,"
        " updated_at, expires_at, finished_at)",
        "uploads",
    )
    ddl.status_edges("uploads", EDGES)
    op.create_table(
        "upload_parts",
        sa.Column(
            "upload_id",
            sa.Uuid(),
            sa.ForeignKey("uploads.id", name="fk_upload_parts_upload_id_uploads"),
            primary_key=True,
        ),
        sa.Column("begins_at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
    )
    op.create_index("ix_upload_parts_object_key", "upload_parts", ["object_key"])
    ddl.grant("SELECT, INSERT, DELETE", "upload_parts")


def _reference(name: str, table: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(
        name, sa.Uuid(), sa.ForeignKey(f"{table}.id", name=f"fk_uploads_{name}_{table}"), nullable=nullable
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
