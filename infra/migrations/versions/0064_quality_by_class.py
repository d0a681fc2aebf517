"""Quality is weighed by the class of the product and refused by its gate; runs are cancelled and show progress."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

HOUSE = (
    "Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades; what a class"
    " of data needs most weighs most"
)
CLASSES = {
    "register": ("基础信息", "registers"),
    "time_series": ("监测时序", "time series"),
    "records": ("业务记录", "business records"),
    "general": ("其他", "other data"),
}
DIMENSIONS = {
    "conformity": ("规范性", "conformity"),
    "completeness": ("完整性", "completeness"),
    "accuracy": ("准确性", "accuracy"),
    "consistency": ("一致性", "consistency"),
    "timeliness": ("时效性", "timeliness"),
    "accessibility": ("可访问性", "accessibility"),
}
WEIGHTS = {
    "register": ("0.20", "0.25", "0.25", "0.15", "0.10", "0.05"),
    "time_series": ("0.15", "0.25", "0.20", "0.10", "0.20", "0.10"),
    "records": ("0.20", "0.20", "0.20", "0.20", "0.10", "0.10"),
    "general": ("0.20", "0.20", "0.25", "0.15", "0.10", "0.10"),
}
LOWEST = {"register": "C", "time_series": "C", "records": "D", "general": "D"}
CAPS = {
    "one_unmeasured": ("一项指标未评价时", "with one dimension not measured", "B"),
    "two_unmeasured": ("两项指标未评价时", "with two dimensions not measured", "B"),
    "three_unmeasured": ("三项指标未评价时", "with three dimensions not measured", "C"),
    "four_unmeasured": ("四项指标未评价时", "with four dimensions not measured", "C"),
    "more_unmeasured": ("五项及以上指标未评价时", "with five dimensions or more not measured", "D"),
}
GRADES = ["A", "B", "C", "D", "E"]


def upgrade() -> None:
    """Add what runs and reports say of suite and class, cancelled runs, their progress, and the rules."""
    product_class = ddl.check_in("product_class", list(CLASSES))
    for table in ("quality_runs", "quality_reports"):
        op.add_column(table, sa.Column("product_id", sa.Uuid(), nullable=True))
        op.add_column(table, sa.Column("suite_id", sa.Uuid(), nullable=True))
        op.add_column(table, sa.Column("product_class", sa.String(40), nullable=True))
        op.create_check_constraint(op.f(f"ck_{table}_product_class"), table, product_class)
    op.add_column("quality_runs", sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("reference_keys", "zones"):
        op.add_column(
            "quality_runs", sa.Column(name, JSONB(), nullable=False, server_default=sa.text("'{}'"))
        )
        op.alter_column("quality_runs", name, server_default=None)
    for name in ("rows", "repeated"):
        op.add_column("quality_reports", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("quality_reports", sa.Column("uncapped_grade", sa.String(), nullable=True))
    op.add_column(
        "quality_reports", sa.Column("refusals", JSONB(), nullable=False, server_default=sa.text("'[]'"))
    )
    op.alter_column("quality_reports", "refusals", server_default=None)
    op.create_index("ix_quality_reports_product_id", "quality_reports", ["product_id", "measured_at"])
    _cancellation()
    _progress()
    _rules()


def _cancellation() -> None:
    name = "ck_quality_runs_run_status"
    op.drop_constraint(name, "quality_runs")
    op.create_check_constraint(
        op.f(name),
        "quality_runs",
        ddl.check_in("status", ["queued", "running", "done", "failed", "cancelled"]),
    )
    ddl.status_edges(
        "quality_runs",
        [
            *(">queued", "queued>running", "running>done", "running>failed", "failed>queued"),
            *("queued>cancelled", "running>cancelled", "cancelled>queued"),
        ],
    )


def _progress() -> None:
    # A table of its own: the catalogue notes every change of a run, which a step of it is not.
    op.create_table(
        "quality_progress",
        sa.Column("run_id", sa.Uuid(), sa.ForeignKey("quality_runs.id"), primary_key=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("check", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    ddl.mutable("quality_progress", delete=True)


def _rules() -> None:
    for dimension, (zh, en) in DIMENSIONS.items():
        for product_class, (class_zh, class_en) in CLASSES.items():
            weight = WEIGHTS[product_class][list(DIMENSIONS).index(dimension)]
            key = f"quality.weight.{product_class}.{dimension}"
            # Above zero, so that the weights always sum to something.
            ddl.rule_kind(key, "decimal", f"{class_zh}：{zh}权重", f"Weight of {en} for {class_en}",
                          minimum="0.01", maximum="1")  # fmt: skip
            ddl.parameter(key, weight, source=HOUSE, source_status="house")
        op.execute(
            sa.text(
                "UPDATE rulebook_kinds SET title_zh = title_zh || '（仅用于旧报告）',"
                " title_en = title_en || ' (of earlier reports)' WHERE key = :key"
            ).bindparams(key=f"quality.weight.{dimension}")
        )
    op.execute(
        "UPDATE rulebook_kinds SET title_zh = title_zh || '（仅用于旧报告）',"
        " title_en = title_en || ' (of earlier reports)' WHERE key = 'quality.lowest_passing_grade'"
    )
    for product_class, (zh, en) in CLASSES.items():
        key = f"quality.gate.{product_class}.lowest_grade"
        ddl.rule_kind(
            key, "choice", f"{zh}：最低合格等级", f"Lowest quality grade of {en} that passes", choices=GRADES
        )
        ddl.parameter(
            key,
            LOWEST[product_class],
            source="Decided by the market: registers and time series, which others build on, need C; other data D",
            source_status="house",
        )
        key = f"quality.gate.{product_class}.margin_percent"
        ddl.rule_kind(
            key,
            "decimal",
            f"{zh}：检查超出容许范围的上限",
            f"By how much a check of {en} may miss its tolerance",
            minimum="0",
            maximum="100",
            unit="percent points of the rows",
        )
        ddl.parameter(
            key,
            "10",
            source="Decided by the market: a tenth of the rows beyond what is tolerated is no oversight",
            source_status="house",
        )
    for name, (zh, en, grade) in CAPS.items():
        key = f"quality.grade_cap.{name}"
        ddl.rule_kind(key, "choice", f"{zh}可达的最高等级", f"Best quality grade {en}", choices=GRADES)
        ddl.parameter(
            key,
            grade,
            source="Decided by the market: what was not measured is not known to be good",
            source_status="house",
        )
