"""Missed promises are recorded for service credits, and repeated failure of a product has graded consequences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

_SOURCE = "Consequences of repeated failure: decided by the market"
_STATUSES = ["warned", "cure_period", "suspended", "delisted", "cured", "terminated"]
_ACTIONS = [
    *("warning", "cure_order", "suspension", "delisting", "relisting", "cure", "termination"),
    *("extension", "relisting_request"),
]
_EDGES = [
    *(">warned", "warned>cure_period", "cure_period>suspended", "suspended>delisted", "delisted>suspended"),
    *("warned>cured", "cure_period>cured", "suspended>cured"),
    *("warned>terminated", "cure_period>terminated", "suspended>terminated", "delisted>terminated"),
]


def upgrade() -> None:
    """No procedure was opened so far, and no promise recorded as missed."""
    _credits()
    _procedures()
    _steps()
    ddl.status_edges(
        "data_products",
        [
            *(">draft", "draft>submitted", "submitted>draft", "submitted>published"),
            *("draft>withdrawn", "submitted>withdrawn", "published>withdrawn"),
            # Delisted, and listed again by a regulator's decision.
            "withdrawn>published",
        ],
    )
    _rules()


def _credits() -> None:
    table = "service_credits"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("promise", sa.String(40), nullable=False),
        sa.Column("period_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.UniqueConstraint("product_id", "promise", "period_from"),
        sa.CheckConstraint(ddl.check_in("promise", ["freshness", "availability"]), name="promise_kind"),
    )
    ddl.append_only(table)


def _procedures() -> None:
    table = "enforcement_procedures"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("ground", sa.String(40), nullable=False),
        sa.Column("detail", JSONB(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delisted", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("ground", ["failed_revisions", "late_data", "unavailable"]),
            name="enforcement_ground",
        ),
        sa.CheckConstraint(ddl.check_in("status", _STATUSES), name="enforcement_status"),
        sa.CheckConstraint("(ended_at IS NOT NULL) = (status IN ('cured', 'terminated'))", name="ended"),
    )
    op.create_index(
        "uq_enforcement_procedures_open",
        table,
        ["product_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_enforcement_procedures_product_id", table, ["product_id", "id"])
    ddl.grant("SELECT, INSERT", table)
    ddl.grant("UPDATE (status, due_at, delisted, ended_at)", table)
    ddl.status_edges(table, _EDGES)


def _steps() -> None:
    table = "enforcement_steps"
    op.create_table(
        table,
        sa.Column("procedure_id", sa.Uuid(), sa.ForeignKey("enforcement_procedures.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("taken_by", sa.Uuid(), nullable=False),
        sa.Column("taken_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(ddl.check_in("action", _ACTIONS), name="enforcement_action"),
        sa.CheckConstraint(ddl.check_in("status", _STATUSES), name="enforcement_status"),
    )
    ddl.append_only(table)


def _rules() -> None:
    def number(key: str, value: int, title_zh: str, title_en: str, most: str, unit: str) -> None:
        ddl.rule_kind(key, "integer", title_zh, title_en, minimum="1", maximum=most, unit=unit)
        ddl.parameter(key, value, source=_SOURCE, source_status="house")

    def percent(key: str, value: str, title_zh: str, title_en: str) -> None:
        ddl.rule_kind(key, "decimal", title_zh, title_en, minimum="0", maximum="100", unit="%")
        ddl.parameter(key, value, source=_SOURCE, source_status="house")

    number("enforcement.failed_revisions", 3, "启动处置的连续不合格版本数",
           "Revisions failed in a row that open a procedure", "50", "revisions")  # fmt: skip
    number("enforcement.late_days", 14, "启动处置的逾期天数",
           "Days overdue that open a procedure", "366", "days")  # fmt: skip
    percent("enforcement.availability_percent", "95", "启动处置的可用率下限",
            "Share of calls answered below which a procedure is opened")  # fmt: skip
    number("enforcement.availability_days", 7, "可用率统计天数",
           "Days of calls that availability is judged by", "90", "days")  # fmt: skip
    number("enforcement.least_calls", 100, "可用率统计最少调用次数",
           "Fewest calls that say something about availability", "1000000", "calls")  # fmt: skip
    number("enforcement.warning_days", 5, "警告期（工作日）",
           "From warning to cure order, in working days", "90", "days")  # fmt: skip
    number("enforcement.cure_days", 10, "整改期（工作日）", "Cure period, in working days", "90", "days")
    number("enforcement.suspension_days", 60, "暂停至下架（工作日）",
           "From suspension to delisting, in working days", "260", "days")  # fmt: skip
    percent("service_credit.availability_percent", "99.5", "承诺的月度可用率",
            "Share of a month's calls that is promised to be answered")  # fmt: skip
    number("service_credit.least_calls", 100, "计算月度可用率的最少调用次数",
           "Fewest calls of a month that a service credit rests on", "1000000", "calls")  # fmt: skip
