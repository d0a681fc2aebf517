"""Promises of new data are compared with what arrives, and their parties told once for each lapse."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody was told of anything so far."""
    op.create_table(
        "overdue_notices",
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), primary_key=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
    )
    ddl.append_only("overdue_notices")
    ddl.rule_kind(
        "freshness.tolerance_percent",
        "integer",
        "更新逾期容差",
        "Share of a period by which new data may be late",
        minimum="0",
        maximum="100",
        unit="%",
    )
    ddl.parameter(
        "freshness.tolerance_percent",
        50,
        source="How late data may be before its promise counts as broken: decided by the market",
        source_status="house",
    )
    ddl.rule_kind(
        "freshness.periods",
        "integer",
        "及时率统计周期数",
        "Number of last periods that the share in time is of",
        minimum="1",
        maximum="100",
        unit="periods",
    )
    ddl.parameter(
        "freshness.periods",
        12,
        source="Over how many periods a promise is looked at: decided by the market",
        source_status="house",
    )
