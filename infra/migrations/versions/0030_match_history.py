"""Bank entries are matched as often as it takes, in parts; invoices are paid in parts; refunds go by bank too.

What was matched before becomes the first match of its entry, with one part.
"""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

REFUND_STATES = ["approved", "failed", "rejected", "requested", "succeeded", "withdrawn"]
HOLDING = "status IN ('requested', 'approved', 'succeeded')"


def upgrade() -> None:
    """Add the history, parts, reversals and what bank refunds need; then have the database check them."""
    _allow("ledger_accounts", "role", "account_role",
           ["bank", "card", "clearing", "commission", "other", "payable", "receivable", "suspense"])  # fmt: skip
    _invoices()
    _payments()
    _refunds()
    _matches()
    for file in (
        "market/settlement/invoices/invoices_keep_content.v2",
        "market/settlement/invoices/invoices_check.v2",
        "market/settlement/payments/payments_check.v2",
    ):
        ddl.install(file)
    # Every look-up is by key; a plan made while the tables were empty must not choose for them when they are large.
    ddl.install("market/settlement/rails/bank/bank_matches.v1", planner={"enable_seqscan": "off"})


def _allow(table: str, column: str, enumeration: str, values: list[str]) -> None:
    name = f"ck_{table}_{enumeration}"
    op.drop_constraint(name, table)
    op.create_check_constraint(op.f(name), table, ddl.check_in(column, values))


def _invoices() -> None:
    op.add_column("invoices", sa.Column("paid_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("ALTER TABLE invoices DISABLE TRIGGER USER")
    op.execute("UPDATE invoices SET paid_minor = total_minor WHERE status <> 'issued'")
    op.execute("ALTER TABLE invoices ENABLE TRIGGER USER")
    op.create_check_constraint(
        op.f("ck_invoices_paid_minor"), "invoices", "paid_minor BETWEEN 0 AND total_minor"
    )
    ddl.grant("UPDATE (paid_minor)", "invoices")
    ddl.status_edges(
        "invoices",
        (">issued", ">paid", "issued>paid", "paid>issued", "paid>refunded", "refunded>paid"),
    )


def _payments() -> None:
    op.drop_constraint("uq_payments_invoice_id", "payments")
    op.drop_constraint("uq_payments_source_id", "payments")
    op.create_index("ix_payments_invoice_id", "payments", ["invoice_id"])
    op.create_index("ix_payments_source_id", "payments", ["source_id"])
    op.alter_column("payments", "split_journal_id", nullable=True)
    op.create_table(
        "payment_reversals",
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id"), primary_key=True),
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reversed_by", sa.Uuid(), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=False),
    )
    ddl.append_only("payment_reversals")


def _refunds() -> None:
    table = "refunds"
    rail = sa.Column("rail", sa.String(40), server_default="card", nullable=False)
    op.add_column(table, rail)
    op.alter_column(table, "rail", server_default=None)
    op.create_check_constraint(op.f("ck_refunds_rail"), table, ddl.check_in("rail", ["bank", "card"]))
    op.alter_column(table, "invoice_id", nullable=True)
    op.alter_column(table, "payment_id", nullable=True)
    for column, target in (("bank_entry_id", "bank_entries.id"), ("card_payment_id", "card_payments.id")):
        op.add_column(table, sa.Column(column, sa.Uuid(), sa.ForeignKey(target), nullable=True))
    for column in ("reference", "payee_name", "payee_account"):
        op.add_column(table, sa.Column(column, sa.String(), nullable=True))
    for column in ("approved_by", "ended_by"):
        op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True))
    op.add_column(table, sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint("uq_refunds_reference", table, ["reference"])
    op.create_index("ix_refunds_bank_entry_id", table, ["bank_entry_id"])
    op.drop_index("uq_refunds_open", table)
    for name, column in (("uq_refunds_open", "invoice_id"), ("uq_refunds_card_payment", "card_payment_id")):
        op.create_index(name, table, [column], unique=True, postgresql_where=sa.text(HOLDING))
    for name, check in (
        ("source", "num_nonnulls(invoice_id, bank_entry_id, card_payment_id) = 1"),
        ("payee", "rail <> 'bank' OR (reference IS NOT NULL AND payee_name IS NOT NULL AND payee_account IS NOT NULL)"),
        ("amount_minor", "amount_minor > 0"),
    ):  # fmt: skip
        op.create_check_constraint(op.f(f"ck_refunds_{name}"), table, check)
    _allow(table, "status", "refund_status", REFUND_STATES)
    ddl.grant("UPDATE (approved_by, approved_at, ended_by)", table)
    ddl.status_edges(
        table,
        (
            *(">requested", "requested>approved", "requested>failed", "requested>rejected"),
            *("requested>succeeded", "requested>withdrawn", "approved>succeeded", "approved>withdrawn"),
            "succeeded>failed",
        ),
    )


def _matches() -> None:
    table = "bank_matches"
    op.add_column(table, sa.Column("id", sa.Uuid(), nullable=True))
    op.add_column(table, sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    op.add_column(table, sa.Column("recorded_by", sa.Uuid(), nullable=True))
    op.alter_column(table, "number", server_default=None)
    op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    op.execute(
        f"UPDATE {table} m SET id = gen_random_uuid(), recorded_by = s.imported_by"
        "  FROM bank_entries e JOIN bank_statements s ON s.id = e.bank_statement_id WHERE e.id = m.entry_id"
    )
    op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    op.alter_column(table, "id", nullable=False)
    op.alter_column(table, "recorded_by", nullable=False)
    op.drop_constraint("pk_bank_matches", table)
    op.create_primary_key("pk_bank_matches", table, ["id"])
    op.create_unique_constraint("uq_bank_matches_entry_id_number", table, ["entry_id", "number"])
    op.create_check_constraint(op.f("ck_bank_matches_number"), table, "number >= 1")
    op.create_index(
        "ix_bank_matches_suspense", table, ["entry_id"], postgresql_where=sa.text("status = 'suspense'")
    )
    _allow(table, "status", "bank_entry_status", ["assigned", "paid", "received", "suspense", "void"])
    parts = "bank_match_parts"
    kinds = ["invoice", "other", "refund", "return", "suspense", "void"]
    op.create_table(
        parts,
        sa.Column("match_id", sa.Uuid(), sa.ForeignKey("bank_matches.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), sa.ForeignKey("invoices.id"), nullable=True),
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id"), nullable=True),
        sa.Column("refund_id", sa.Uuid(), sa.ForeignKey("refunds.id"), nullable=True),
        sa.Column("counter_entry_id", sa.Uuid(), sa.ForeignKey("bank_entries.id"), nullable=True),
        sa.Column("journal_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(ddl.check_in("kind", kinds), name=op.f("ck_bank_match_parts_part_kind")),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_bank_match_parts_amount_minor")),
        sa.CheckConstraint(
            "CASE kind WHEN 'invoice' THEN invoice_id IS NOT NULL AND payment_id IS NOT NULL"
            " WHEN 'refund' THEN refund_id IS NOT NULL WHEN 'return' THEN counter_entry_id IS NOT NULL"
            " WHEN 'other' THEN journal_id IS NOT NULL ELSE true END",
            name=op.f("ck_bank_match_parts_target"),
        ),
    )
    for column in ("payment_id", "refund_id", "counter_entry_id"):
        op.create_index(f"ix_{parts}_{column}", parts, [column])
    op.execute(
        f"""
        INSERT INTO {parts} (match_id, number, kind, amount_minor, invoice_id, payment_id)
        SELECT m.id, 1, CASE m.status WHEN 'paid' THEN 'invoice' ELSE 'suspense' END, e.amount_minor,
               m.invoice_id, p.id
          FROM {table} m
          JOIN bank_entries e ON e.id = m.entry_id
          LEFT JOIN payments p ON p.source_id = m.entry_id AND p.rail = 'bank'
        """
    )
    op.drop_column(table, "invoice_id")
    ddl.append_only(parts)
