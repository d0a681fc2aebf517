"""Give columns classes of their own, products the strictest of theirs, and personal information its assessments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from infra.migrations import ddl

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_CLASSES = ["GENERAL", "IMPORTANT", "CORE"]
_ACTIONS = ["requested", "approved", "rejected", "withdrawn", "revoked", "raised"]
_OBJECTS = [
    "national_security",
    "economic_operation",
    "social_order",
    "public_interest",
    "organisation_rights",
    "individual_rights",
]
_DEGREES = ["especially_serious", "serious", "general"]
_PIA = "PIPL art. 55: an impact assessment before personal information is provided to others; art. 56: kept three years"


def upgrade() -> None:
    """Products on the market have the class of their resource, as all of their columns had until now."""
    _gradings()
    _assessments()
    op.add_column(
        "data_resources",
        sa.Column("raw_data_stays", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.alter_column("data_resources", "raw_data_stays", server_default=None)
    ddl.grant("UPDATE (raw_data_stays)", "data_resources")
    op.add_column("data_products", sa.Column("classification", sa.String(40), nullable=True))
    op.create_check_constraint(
        op.f("ck_data_products_classification"), "data_products", ddl.check_in("classification", _CLASSES)
    )
    ddl.grant("UPDATE (classification)", "data_products")
    op.execute(
        "UPDATE data_products p SET classification = r.classification FROM data_resources r"
        " WHERE r.id = p.resource_id AND p.published_at IS NOT NULL"
    )
    ddl.rule_kind(
        "listing.personal_needs_impact_assessment",
        "boolean",
        "个人信息须经影响评估",
        "Personal information needs an impact assessment",
    )
    ddl.parameter(
        "listing.personal_needs_impact_assessment",
        True,
        source=_PIA,
        source_status="T",
        effective_from="2021-11-01T00:00:00+08:00",
    )


def _gradings() -> None:
    table = "column_gradings"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("request_id", sa.Uuid(), sa.ForeignKey("column_gradings.id"), nullable=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("classification", sa.String(40), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("resource_classification", sa.String(), nullable=False),
        sa.Column("impact_object", sa.String(40), nullable=True),
        sa.Column("impact_degree", sa.String(40), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("acted_by", sa.Uuid(), nullable=False),
        sa.Column("acted_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint(ddl.check_in("action", _ACTIONS), name=op.f("ck_column_gradings_grading_action")),
        sa.CheckConstraint(
            ddl.check_in("classification", _CLASSES), name=op.f("ck_column_gradings_classification")
        ),
        sa.CheckConstraint(
            ddl.check_in("impact_object", _OBJECTS), name=op.f("ck_column_gradings_impact_object")
        ),
        sa.CheckConstraint(
            ddl.check_in("impact_degree", _DEGREES), name=op.f("ck_column_gradings_impact_degree")
        ),
        sa.CheckConstraint(
            "(action IN ('requested', 'raised')) = (request_id IS NULL)",
            name=op.f("ck_column_gradings_request_named"),
        ),
    )
    op.create_index("ix_column_gradings_resource", table, ["resource_id", "id"])
    op.create_index(
        "uq_column_gradings_decided",
        table,
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("action IN ('approved', 'rejected', 'withdrawn')"),
    )
    op.create_index(
        "uq_column_gradings_revoked",
        table,
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("action = 'revoked'"),
    )
    ddl.append_only(table)


def _assessments() -> None:
    table = "impact_assessments"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("grounds", ARRAY(sa.String()), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_by", sa.Uuid(), nullable=False),
        sa.Column("filed_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.UniqueConstraint("product_id", "version"),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_impact_assessments_term")),
        sa.CheckConstraint("kept_until > filed_at", name=op.f("ck_impact_assessments_kept")),
    )
    ddl.append_only(table)
