"""A rule is proposed by one person and approved by another, within what it may hold; decisions name their rules.

Law that was written into the code becomes parameters.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_RETENTION = (
    "深圳市数据产权登记管理暂行办法 (in force 2023-07-01): the registry keeps records and originals thirty years;"
    " 网络数据安全管理条例 art. 12 and PIPL art. 56 ask for three"
)
_CORE = "数据安全法 art. 21: core data (核心数据) is under stricter management; this market does not list it"
_IMPORTANT = (
    "数据安全法 art. 30, 网络数据安全管理条例 art. 31: a risk assessment before important data is provided"
)
_DIMENSIONS = {
    "conformity": ("规范性权重", "Weight of conformity"),
    "completeness": ("完整性权重", "Weight of completeness"),
    "accuracy": ("准确性权重", "Weight of accuracy"),
    "consistency": ("一致性权重", "Weight of consistency"),
    "timeliness": ("时效性权重", "Weight of timeliness"),
    "accessibility": ("可访问性权重", "Weight of accessibility"),
}


def upgrade() -> None:
    """Create kinds and proposals, seed what was code, and give decisions a place for the rules they read."""
    _kinds()
    _proposals()
    _law()
    ddl.install("infra/rulebook/rulebook_triggers.v2")
    for table in ("agreement_signatures", "contract_reviews", "data_products", "resource_rights"):
        op.add_column(table, sa.Column("rules", JSONB(), nullable=False, server_default=sa.text("'[]'")))
        op.alter_column(table, "rules", server_default=None)
    ddl.grant("UPDATE (rules)", "data_products")
    for table, column in (("resource_rights", "evidence_kept_until"), ("contract_reviews", "kept_until")):
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))


def _kinds() -> None:
    op.create_table(
        "rulebook_kinds",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("minimum", sa.String(), nullable=True),
        sa.Column("maximum", sa.String(), nullable=True),
        sa.Column("choices", sa.ARRAY(sa.String()), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("type", ["boolean", "choice", "decimal", "integer"]),
            name=op.f("ck_rulebook_kinds_rule_type"),
        ),
        sa.CheckConstraint(
            "CASE type WHEN 'boolean' THEN true WHEN 'choice' THEN cardinality(choices) > 0"
            " ELSE minimum IS NOT NULL AND maximum IS NOT NULL END",
            name=op.f("ck_rulebook_kinds_bounded"),
        ),
    )
    ddl.grant("SELECT", "rulebook_kinds")
    kind = ddl.rule_kind
    kind("authorisation.max_term_years", "integer", "授权最长期限", "Longest term of an authorisation",
         minimum="1", maximum="30", unit="years")  # fmt: skip
    kind("identity.invitation_days", "integer", "邀请有效期", "Life of an invitation",
         minimum="1", maximum="90", unit="days")  # fmt: skip
    kind("licence.token_hours", "integer", "许可令牌有效期", "Life of a licence token",
         minimum="1", maximum="168", unit="hours")  # fmt: skip
    kind("pricing.max_allowance", "integer", "免费额度上限", "Largest free allowance of a charge",
         minimum="0", maximum="9007199254740991", unit="units of use")  # fmt: skip
    kind("pricing.max_charges", "integer", "价格方案收费项上限", "Most charges of a price plan",
         minimum="1", maximum="1000")  # fmt: skip
    kind("pricing.max_price_places", "integer", "单价小数位上限", "Most decimal places of a unit price",
         minimum="0", maximum="20")  # fmt: skip
    kind("pricing.max_unit_price", "decimal", "单价上限", "Highest unit price",
         minimum="0.01", maximum="100000000000000000000", unit="major units of the currency")  # fmt: skip
    kind("pricing.public_purposes_are_free", "boolean", "公共用途免费", "Public purposes are free of charge")
    kind("pricing.rounding", "choice", "取整方式", "Rounding of an invoice line", choices=["half-up"])
    for grade in "abcd":
        kind(f"quality.grade.{grade}", "decimal", f"质量等级{grade.upper()}最低得分",
             f"Least score of quality grade {grade.upper()}", minimum="0", maximum="1")  # fmt: skip
    kind("quality.lowest_passing_grade", "choice", "最低合格等级", "Lowest quality grade that passes",
         choices=["A", "B", "C", "D", "E"])  # fmt: skip
    for dimension, (zh, en) in _DIMENSIONS.items():
        # Above zero, so that the weights always sum to something.
        kind(f"quality.weight.{dimension}", "decimal", zh, en, minimum="0.01", maximum="1")
    kind("settlement.payment_term_days", "integer", "付款期限", "Days to pay an invoice",
         minimum="1", maximum="365", unit="days")  # fmt: skip


def _proposals() -> None:
    op.create_table(
        "rule_proposals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", JSONB(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_status", sa.String(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_organisation", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            ddl.check_in("status", ["proposed", "approved", "rejected", "withdrawn"]),
            name=op.f("ck_rule_proposals_proposal_status"),
        ),
        sa.CheckConstraint(
            ddl.check_in("source_status", ["T", "S", "M", "house"]),
            name=op.f("ck_rule_proposals_source_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'rejected') OR decided_by <> proposed_by",
            name=op.f("ck_rule_proposals_two_persons"),
        ),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by IS NULL)", name=op.f("ck_rule_proposals_decided")
        ),
    )
    op.create_index(
        "uq_rule_proposals_open",
        "rule_proposals",
        ["key"],
        unique=True,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    ddl.grant("SELECT, INSERT", "rule_proposals")
    ddl.grant(
        "UPDATE (status, decided_by, decided_by_organisation, decided_at, decision_reason)", "rule_proposals"
    )
    ddl.status_edges(
        "rule_proposals", [">proposed", "proposed>approved", "proposed>rejected", "proposed>withdrawn"]
    )
    op.add_column(
        "rulebook_parameters",
        sa.Column("proposal_id", sa.Uuid(), sa.ForeignKey("rule_proposals.id"), unique=True, nullable=True),
    )
    op.add_column("rulebook_parameters", sa.Column("proposed_by", sa.Uuid(), nullable=True))


def _law() -> None:
    ddl.rule_kind("listing.core_data_refused", "boolean", "核心数据不得上市", "Core data is refused")
    ddl.parameter(
        "listing.core_data_refused",
        True,
        source=_CORE,
        source_status="T",
        effective_from="2021-09-01T00:00:00+08:00",
    )
    ddl.rule_kind(
        "listing.important_data_needs_assessment",
        "boolean",
        "重要数据须经风险评估",
        "Important data needs a risk assessment",
    )
    ddl.parameter(
        "listing.important_data_needs_assessment",
        True,
        source=_IMPORTANT,
        source_status="T",
        effective_from="2021-09-01T00:00:00+08:00",
    )
    ddl.rule_kind("records.retention_years", "integer", "记录保存年限", "Years for which records of a trade are kept",
                  minimum="3", maximum="100", unit="years")  # fmt: skip
    ddl.parameter(
        "records.retention_years",
        30,
        source=_RETENTION,
        source_status="S",
        effective_from="2023-07-01T00:00:00+08:00",
    )
