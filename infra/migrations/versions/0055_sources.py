"""Files are fetched where somebody says they are, once or by the clock, with credentials that are kept encrypted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of credentials and of sources, and the rules of how often one is fetched."""
    op.add_column("uploads", sa.Column("source_url", sa.Text(), nullable=True))
    op.add_column("uploads", sa.Column("credentials", sa.String(), nullable=True))
    op.add_column("uploads", sa.Column("etag", sa.String(), nullable=True))
    op.add_column("uploads", sa.Column("source_id", sa.Uuid(), nullable=True))
    op.create_index("ix_uploads_source_id", "uploads", ["source_id"])
    ddl.grant("UPDATE (etag)", "uploads")
    op.create_table(
        "source_credentials",
        _reference("source_credentials", "organisation_id", "organisations", primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("kind", ["bearer", "s3"]), name=op.f("ck_source_credentials_credential_kind")
        ),
    )
    ddl.mutable("source_credentials", delete=True)
    _sources()
    _rules()


def _sources() -> None:
    op.create_table(
        "product_sources",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _reference("product_sources", "product_id", "data_products"),
        _reference("product_sources", "organisation_id", "organisations"),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("by_program", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("options", JSONB(), nullable=False),
        sa.Column("frequency", sa.String(40), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("pause_reason", JSONB(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        _moment("next_run_at"),
        sa.Column(
            "last_upload_id",
            sa.Uuid(),
            sa.ForeignKey("uploads.id", name="fk_product_sources_last_upload_id_uploads"),
            nullable=True,
        ),
        _moment("updated_at"),
        sa.UniqueConstraint(
            "product_id", "organisation_id", name=op.f("uq_product_sources_product_id_organisation_id")
        ),
        sa.CheckConstraint(
            ddl.check_in("frequency", ["hourly", "daily", "weekly"]),
            name=op.f("ck_product_sources_source_frequency"),
        ),
        sa.CheckConstraint(
            ddl.check_in("status", ["active", "paused"]), name=op.f("ck_product_sources_source_status")
        ),
    )
    op.create_index(
        "ix_product_sources_due",
        "product_sources",
        ["next_run_at"],
        postgresql_where=sa.text("status = 'active'"),
    )
    ddl.mutable("product_sources", delete=True)


def _rules() -> None:
    ddl.rule_kind("upload.source_interval_minutes", "integer", "定时取数最短间隔", "Least time between two fetches",
                  minimum="60", maximum="10080", unit="minutes")  # fmt: skip
    ddl.parameter(
        "upload.source_interval_minutes",
        60,
        source="How often a product's source is fetched at most: decided by the market",
        source_status="house",
    )
    ddl.rule_kind("upload.source_failures", "integer", "定时取数连续失败上限", "Failed fetches before a pause",
                  minimum="1", maximum="100")  # fmt: skip
    ddl.parameter(
        "upload.source_failures",
        5,
        source="After so many failed fetches in a row a source is paused: decided by the market",
        source_status="house",
    )


def _reference(table: str, name: str, target: str, *, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.Uuid(),
        sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}_{target}"),
        nullable=False,
        primary_key=primary_key,
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
