"""Price plans, and the parameters that pricing reads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NOTICE_65 = "发改价格〔2025〕65号 关于建立公共数据资源授权运营价格形成机制的通知"
HOUSE = "Decided by the market"


def upgrade() -> None:
    """Create the append-only table of price versions and seed the rulebook."""
    op.create_table(
        "price_plans",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False, index=True
        ),
        sa.Column("name_zh", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("charges", JSONB(), nullable=False),
        sa.Column("supersedes", sa.Uuid(), sa.ForeignKey("price_plans.id"), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("supersedes"),
        sa.CheckConstraint(
            "name_zh IS NOT NULL OR name_en IS NOT NULL", name=op.f("ck_price_plans_has_a_name")
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_price_plans_currency_code")),
    )
    ddl.append_only("price_plans")

    ddl.parameter(
        "pricing.public_purposes_are_free",
        True,
        source=f"{NOTICE_65}: use for public governance and public welfare is free of charge",
        source_status="S",
    )
    ddl.parameter(
        "pricing.rounding",
        "half-up",
        source=f"{HOUSE}: each invoice line is rounded once, half up, to the currency's minor unit",
        source_status="house",
    )
    ddl.parameter(
        "pricing.max_charges",
        20,
        source=f"{HOUSE}: a price plan that a person can still read",
        source_status="house",
    )
    ddl.parameter(
        "pricing.max_price_places",
        8,
        source=f"{HOUSE}: a hundred-millionth of a major unit prices a row finely enough",
        source_status="house",
    )
    ddl.parameter(
        "pricing.max_unit_price",
        "1000000000",
        source=f"{HOUSE}: a higher price, in any currency, is a slip of the pen",
        source_status="house",
    )
    ddl.parameter(
        "pricing.max_allowance",
        1_000_000_000,
        source=f"{HOUSE}: a larger free allowance is meant to be a free charge",
        source_status="house",
    )
