"""Data resources, rights, authorisations with their exclusivity, products and revisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, INT4RANGE, JSONB, TSTZRANGE, ExcludeConstraint

from infra.migrations import ddl

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FREQUENCIES = [
    "realtime",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "yearly",
    "irregular",
    "static",
]


def upgrade() -> None:
    """Create the tables of the listings floor."""
    _resources()
    _rights()
    _authorisations()
    _cells()
    _products()
    _revisions()
    ddl.parameter(
        "authorisation.max_term_years",
        5,
        source="公共数据资源授权运营实施规范(试行), 发改数据规〔2025〕27号: five years at most",
        source_status="S",
    )


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _code(table: str, column: str, kind: str, values: list[str]) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(column, sa.String(40), nullable=False),
        sa.CheckConstraint(ddl.check_in(column, values), name=op.f(f"ck_{table}_{kind}")),
    ]


def _resources() -> None:
    table = "data_resources"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("description_zh", sa.String(), nullable=False),
        sa.Column("description_en", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        *_code(table, "update_frequency", "update_frequency", _FREQUENCIES),
        *_code(table, "classification", "classification", ["GENERAL", "IMPORTANT", "CORE"]),
        sa.Column("personal_information", sa.Boolean(), nullable=False),
        sa.Column("risk_assessment_sha256", sa.String(), nullable=True),
        sa.Column("risk_assessment_note", sa.String(), nullable=True),
        _time("registered_at"),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_data_resources_owner_id", table, ["owner_id"])
    ddl.mutable(table)


def _rights() -> None:
    table = "resource_rights"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), nullable=False),
        sa.Column("holder_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        *_code(table, "kind", "right_kind", ["HOLD", "USE", "OPERATE"]),
        *_code(table, "basis", "right_basis", ["statutory_duty", "entrusted", "agreement", "derived"]),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("evidence_description", sa.String(), nullable=False),
        _time("valid_from"),
        _time("valid_until", nullable=True),
        _time("recorded_at"),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
    )
    op.create_index("ix_resource_rights_resource_id", table, ["resource_id"])
    ddl.append_only(table)


def _authorisations() -> None:
    table = "authorisations"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("operator_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        *_code(
            table, "state", "authorisation_state", ["offered", "active", "declined", "suspended", "revoked"]
        ),
        sa.Column("columns", ARRAY(sa.String()), nullable=True),
        sa.Column("scenarios", ARRAY(sa.String()), nullable=False),
        sa.Column("regions", ARRAY(sa.String()), nullable=False),
        sa.Column("purposes", ARRAY(sa.String()), nullable=False),
        _time("valid_from"),
        _time("valid_until"),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        *_code(
            table,
            "consideration",
            "consideration",
            [
                "revenue_share",
                "cash_fee",
                "resource_for_service",
                "post_hoc_subsidy",
                "loan_interest_subsidy",
            ],
        ),
        sa.Column("owner_share", sa.Integer(), nullable=False),
        sa.Column("operator_share", sa.Integer(), nullable=False),
        sa.Column("platform_share", sa.Integer(), nullable=False),
        _time("granted_at"),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        _time("accepted_at", nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        _time("ended_at", nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.UniqueConstraint("number"),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_authorisations_term")),
        sa.CheckConstraint(
            "owner_share >= 0 AND operator_share >= 0 AND platform_share >= 0"
            " AND owner_share + operator_share + platform_share = 10000",
            name=op.f("ck_authorisations_shares"),
        ),
    )
    op.create_index("ix_authorisations_owner_id", table, ["owner_id"])
    op.create_index("ix_authorisations_operator_id", table, ["operator_id"])
    ddl.mutable(table)


def _cells() -> None:
    table = "authorisation_resources"
    op.create_table(
        table,
        sa.Column("authorisation_id", sa.Uuid(), sa.ForeignKey("authorisations.id"), primary_key=True),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), primary_key=True),
        sa.Column("right_id", sa.Uuid(), sa.ForeignKey("resource_rights.id"), nullable=False),
    )
    op.create_index("ix_authorisation_resources_resource_id", table, ["resource_id"])
    ddl.append_only(table)
    # Ranges have GiST operators of their own, so the constraint needs no extension.
    table = "authorisation_cells"
    axes = ["resource", "scenario", "region", "lane"]
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("authorisation_id", sa.Uuid(), sa.ForeignKey("authorisations.id"), nullable=False),
        *[sa.Column(axis, INT4RANGE(), nullable=False) for axis in axes],
        sa.Column("term", TSTZRANGE(), nullable=False),
        ExcludeConstraint(
            *[(axis, "&&") for axis in [*axes, "term"]],
            using="gist",
            name="ex_authorisation_cells_exclusivity",
        ),
    )
    op.create_index("ix_authorisation_cells_authorisation_id", table, ["authorisation_id"])
    ddl.mutable(table)


def _products() -> None:
    table = "data_products"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("operator_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), nullable=False),
        sa.Column("authorisation_id", sa.Uuid(), sa.ForeignKey("authorisations.id"), nullable=False),
        *_code(
            table, "state", "product_state", ["draft", "submitted", "published", "suspended", "withdrawn"]
        ),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("description_zh", sa.String(), nullable=False),
        sa.Column("description_en", sa.String(), nullable=False),
        sa.Column("themes", ARRAY(sa.String()), nullable=False),
        *_code(table, "update_frequency", "update_frequency", _FREQUENCIES),
        *_code(table, "delivery_class", "delivery_class", ["records_api"]),
        sa.Column("dictionary", JSONB(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), sa.ForeignKey("price_plans.id"), nullable=True),
        sa.Column("search_terms", ARRAY(sa.String()), nullable=False),
        _time("created_at"),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _time("submitted_at", nullable=True),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        _time("reviewed_at", nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("review_note", sa.String(), nullable=True),
        _time("published_at", nullable=True),
        sa.CheckConstraint(
            "state NOT IN ('published', 'suspended') OR (plan_id IS NOT NULL AND published_at IS NOT NULL)",
            name=op.f("ck_data_products_published_complete"),
        ),
    )
    for column in ("operator_id", "owner_id", "resource_id", "authorisation_id"):
        op.create_index(f"ix_data_products_{column}", table, [column])
    op.create_index("ix_data_products_search_terms", table, ["search_terms"], postgresql_using="gin")
    op.create_index("ix_data_products_themes", table, ["themes"], postgresql_using="gin")
    op.create_index(
        "ix_data_products_published", table, ["id"], postgresql_where=sa.text("state = 'published'")
    )
    op.create_index(
        "ix_data_products_submitted", table, ["submitted_at"], postgresql_where=sa.text("state = 'submitted'")
    )
    ddl.mutable(table)


def _revisions() -> None:
    table = "product_revisions"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("columns", JSONB(), nullable=False),
        sa.Column("profile", JSONB(), nullable=False),
        sa.Column("sample", JSONB(), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("source_format", sa.String(), nullable=False),
        sa.Column("source_sha256", sa.String(), nullable=False),
        sa.Column("source_bytes", sa.BigInteger(), nullable=False),
        _time("uploaded_at"),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.UniqueConstraint("product_id", "number"),
    )
    ddl.append_only(table)
