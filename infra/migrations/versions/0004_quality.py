"""Quality runs and reports, and the weights and grades of the score."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HOUSE = "Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades"
WEIGHTS = {
    "conformity": "0.20",
    "completeness": "0.20",
    "accuracy": "0.25",
    "consistency": "0.15",
    "timeliness": "0.10",
    "accessibility": "0.10",
}
GRADES = {"a": "0.97", "b": "0.93", "c": "0.85", "d": "0.70"}


def upgrade() -> None:
    """Create the tables and seed the rulebook."""
    op.create_table(
        "quality_runs",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("suite_digest", sa.String(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("checks", JSONB(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("revision_id", "suite_digest"),
        sa.CheckConstraint(
            ddl.check_in("state", ["queued", "running", "done", "failed"]),
            name=op.f("ck_quality_runs_run_state"),
        ),
    )
    ddl.mutable("quality_runs")
    op.create_table(
        "quality_reports",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("run_id", sa.Uuid(), sa.ForeignKey("quality_runs.id"), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("score", sa.Numeric(7, 6), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("dimensions", JSONB(), nullable=False),
        sa.Column("checks", JSONB(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("run_id"),
        sa.CheckConstraint(
            ddl.check_in("status", ["passed", "failed"]), name=op.f("ck_quality_reports_report_status")
        ),
    )
    op.create_index("ix_quality_reports_revision_id", "quality_reports", ["revision_id", "measured_at"])
    ddl.append_only("quality_reports")

    for dimension, weight in WEIGHTS.items():
        ddl.parameter(f"quality.weight.{dimension}", weight, source=HOUSE, source_status="house")
    for grade, least in GRADES.items():
        ddl.parameter(f"quality.grade.{grade}", least, source=HOUSE, source_status="house")
    ddl.parameter(
        "quality.lowest_passing_grade",
        "D",
        source="Decided by the market: a revision of grade E is not sold",
        source_status="house",
    )
