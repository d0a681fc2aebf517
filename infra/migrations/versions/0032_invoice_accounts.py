"""Invoices keep the names of their parties and the bank account to pay to, as they were when it was issued."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

KINDS = (
    *("agreement", "audit_log", "bank_balance", "bank_entry", "card_balance", "card_payment", "clearing"),
    *("counter", "invoice_account", "invoice_content", "invoice_lines", "invoice_overdue", "invoice_posting"),
    *("licence_terms", "licence_token", "organisation", "period_not_billed", "product", "receivable", "rule"),
    *("statement_gap", "stop", "suspense", "trial_balance", "usage"),
)


def upgrade() -> None:
    """Add the columns, which invoices of before leave empty, and let breaks be of the further kind."""
    for name in ("parties", "bank_account"):
        op.add_column("invoices", sa.Column(name, JSONB(), nullable=True))
    name = "ck_reconciliation_breaks_break_kind"
    op.drop_constraint(name, "reconciliation_breaks")
    op.create_check_constraint(op.f(name), "reconciliation_breaks", ddl.check_in("kind", KINDS))
