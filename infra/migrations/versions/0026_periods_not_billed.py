"""Reconciliation finds periods that were cut and are not billed."""

from alembic import op

from infra.migrations import ddl

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KINDS = (
    *("agreement", "audit_log", "bank_balance", "bank_entry", "card_balance", "card_payment", "clearing"),
    *("counter", "invoice_content", "invoice_lines", "invoice_overdue", "invoice_posting", "licence_terms"),
    *("licence_token", "organisation", "period_not_billed", "product", "receivable", "rule", "statement_gap"),
    *("stop", "suspense", "trial_balance", "usage"),
)


def upgrade() -> None:
    """Let breaks be of the further kind."""
    name = "ck_reconciliation_breaks_break_kind"
    op.drop_constraint(name, "reconciliation_breaks")
    op.create_check_constraint(op.f(name), "reconciliation_breaks", ddl.check_in("kind", KINDS))
