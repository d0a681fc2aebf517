"""Settlement: a ledger that refuses what double entry forbids, invoices, bank, cards, reconciliation."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_HOUSE = "House rule of the market"

# As on the hot path: every look-up is by key, and a plan made while the tables were empty must not choose for them
# when they are large.
PLANNER = {"enable_seqscan": "off"}


def upgrade() -> None:
    """Create settlement's tables, their triggers and their rules."""
    _ledger()
    _invoices()
    _lines_and_closes()
    _payments()
    _bank()
    _cards()
    _reconciliation()
    ddl.parameter("settlement.payment_term_days", 30, source=_HOUSE, source_status="house")


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _minor(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _kind(table: str, column: str, enumeration: str, values: list[str]) -> list[Any]:
    name = op.f(f"ck_{table}_{enumeration}")
    return [
        sa.Column(column, sa.String(40), nullable=False),
        sa.CheckConstraint(ddl.check_in(column, values), name=name),
    ]


def _ledger() -> None:
    table = "ledger_accounts"
    roles = ["bank", "card", "clearing", "commission", "payable", "receivable", "suspense"]
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("code"),
        *_kind(table, "role", "account_role", roles),
        *_kind(table, "kind", "account_kind", ["asset", "expense", "liability", "revenue"]),
        *_kind(table, "normal_side", "side", ["credit", "debit"]),
        _text("currency"),
        _text("subject"),
        _id("owner_organisation_id", nullable=True),
        sa.UniqueConstraint("code", name="uq_ledger_accounts_code"),
    )
    op.create_index("ix_ledger_accounts_owner_organisation_id", table, ["owner_organisation_id"])
    op.create_table(
        "ledger_journals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("idempotency_key"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _time("effective_at"),
        _time("recorded_at"),
        _id("recorded_by"),
        _text("description"),
        _text("source_kind"),
        _id("source_id"),
        sa.Column("reverses_id", sa.Uuid(), sa.ForeignKey("ledger_journals.id"), nullable=True),
        sa.Column("posting_count", sa.SmallInteger(), nullable=False),
        sa.UniqueConstraint("idempotency_key", name="uq_ledger_journals_idempotency_key"),
        sa.UniqueConstraint("reverses_id", name="uq_ledger_journals_reverses_id"),
        sa.CheckConstraint("posting_count BETWEEN 2 AND 1000", name=op.f("ck_ledger_journals_posting_count")),
    )
    op.create_index("ix_ledger_journals_source", "ledger_journals", ["source_kind", "source_id"])
    op.create_table(
        "ledger_postings",
        sa.Column("journal_id", sa.Uuid(), primary_key=True),
        sa.Column("line", sa.SmallInteger(), primary_key=True, autoincrement=False),
        _id("account_id"),
        _minor("amount"),
        _text("currency"),
        _time("effective_at"),
        sa.CheckConstraint("line >= 1", name=op.f("ck_ledger_postings_line")),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_postings_amount")),
    )
    op.create_index(
        "ix_ledger_postings_account_id_effective_at",
        "ledger_postings",
        ["account_id", "effective_at"],
        postgresql_include=["amount"],
    )
    for append_only in (table, "ledger_journals", "ledger_postings"):
        ddl.append_only(append_only)
    ddl.install("market/settlement/ledger/ledger_check_postings.v1", planner=PLANNER)
    ddl.install("market/settlement/ledger/ledger_check_journals.v1", planner=PLANNER)
    ddl.install("market/settlement/ledger/ledger_triggers.v1")


def _invoices() -> None:
    op.create_table(
        "invoice_series",
        sa.Column("operator_id", sa.Uuid(), primary_key=True),
        sa.Column("series_no", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.UniqueConstraint("series_no", name="uq_invoice_series_series_no"),
    )
    ddl.mutable("invoice_series")
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _id("agreement_id"),
        sa.Column("period_no", sa.Integer(), nullable=False),
        _id("operator_id"),
        _id("owner_id"),
        _id("buyer_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("document_number"),
        _text("payment_reference"),
        _text("currency"),
        _minor("total_minor"),
        _time("period_from"),
        _time("period_to"),
        _time("issued_at"),
        _time("due_at"),
        _id("price_plan_id"),
        sa.Column("split", JSONB(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_kind("invoices", "status", "invoice_status", ["issued", "paid", "refunded"]),
        _time("paid_at", nullable=True),
        sa.UniqueConstraint("agreement_id", "period_no", name="uq_invoices_agreement_id_period_no"),
        sa.UniqueConstraint("operator_id", "number", name="uq_invoices_operator_id_number"),
        sa.UniqueConstraint("document_number", name="uq_invoices_document_number"),
        sa.UniqueConstraint("payment_reference", name="uq_invoices_payment_reference"),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_invoices_total_minor")),
    )
    for party in ("buyer_id", "owner_id"):
        op.create_index(f"ix_invoices_{party}", "invoices", [party])
    ddl.mutable("invoices")
    ddl.install("market/settlement/invoices/invoices_keep_content.v1")
    ddl.install("market/settlement/invoices/invoices_triggers.v1")


def _lines_and_closes() -> None:
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", sa.Uuid(), sa.ForeignKey("invoices.id"), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=False),
        _id("licence_id"),
        sa.Column("usage_period_no", sa.Integer(), nullable=False),
        _text("model"),
        _text("metric"),
        _minor("quantity"),
        _minor("allowance_used"),
        sa.Column("agreed_unit_price", sa.Numeric(), nullable=False),
        sa.Column("unit_price", sa.Numeric(), nullable=False),
        sa.Column("exact_amount", sa.Numeric(), nullable=False),
        _minor("amount_minor"),
        _text("currency"),
        _id("price_plan_id"),
        _text("explanation_en"),
        _text("explanation_zh"),
    )
    ddl.append_only("invoice_lines")
    op.create_table(
        "period_closes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _id("agreement_id"),
        sa.Column("period_no", sa.Integer(), nullable=False),
        _time("opened_at"),
        _time("closed_at"),
        sa.Column("usage", JSONB(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), sa.ForeignKey("invoices.id"), nullable=True),
        _id("closed_by"),
        _time("recorded_at"),
        sa.UniqueConstraint("agreement_id", "period_no", name="uq_period_closes_agreement_id_period_no"),
        sa.UniqueConstraint("invoice_id", name="uq_period_closes_invoice_id"),
    )
    ddl.append_only("period_closes")


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("invoice_id", sa.Uuid(), sa.ForeignKey("invoices.id"), nullable=False),
        *_kind("payments", "rail", "rail", ["bank", "card"]),
        _id("source_id"),
        _minor("amount_minor"),
        _text("currency"),
        _time("received_at"),
        _id("payment_journal_id"),
        _id("split_journal_id"),
        _time("recorded_at"),
        sa.UniqueConstraint("invoice_id", name="uq_payments_invoice_id"),
        sa.UniqueConstraint("source_id", name="uq_payments_source_id"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_minor")),
    )
    ddl.append_only("payments")
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("invoice_id", sa.Uuid(), sa.ForeignKey("invoices.id"), nullable=False),
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id"), nullable=False),
        _minor("amount_minor"),
        _text("currency"),
        _text("reason"),
        *_kind("refunds", "status", "refund_status", ["failed", "requested", "succeeded"]),
        _text("failure", nullable=True),
        _text("processor_id", nullable=True),
        _id("requested_by"),
        _time("requested_at"),
        _time("sent_at", nullable=True),
        _time("completed_at", nullable=True),
        sa.UniqueConstraint("processor_id", name="uq_refunds_processor_id"),
    )
    op.create_index("ix_refunds_invoice_id", "refunds", ["invoice_id"])
    op.create_index(
        "uq_refunds_open",
        "refunds",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('requested', 'succeeded')"),
    )
    ddl.mutable("refunds")


def _bank() -> None:
    op.create_table(
        "bank_documents",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _time("recorded_at"),
        _id("recorded_by"),
    )
    op.create_table(
        "bank_statements",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("account"),
        _text("statement_id"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "document_digest", sa.LargeBinary(), sa.ForeignKey("bank_documents.digest"), nullable=False
        ),
        _text("currency"),
        _minor("opening_minor"),
        _minor("closing_minor"),
        _time("covers_from", nullable=True),
        _time("covers_to", nullable=True),
        _time("imported_at"),
        _id("imported_by"),
        sa.UniqueConstraint("account", "statement_id", name="uq_bank_statements_account_statement_id"),
    )
    op.create_table(
        "bank_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("bank_statement_id", sa.Uuid(), sa.ForeignKey("bank_statements.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("bank_reference"),
        _minor("amount_minor"),
        _text("currency"),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("reference_texts", sa.ARRAY(sa.String()), nullable=False),
        _text("counterparty"),
        sa.UniqueConstraint("bank_statement_id", "number", name="uq_bank_entries_bank_statement_id_number"),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_bank_entries_amount_minor")),
    )
    op.create_table(
        "bank_matches",
        sa.Column("entry_id", sa.Uuid(), sa.ForeignKey("bank_entries.id"), primary_key=True),
        *_kind("bank_matches", "outcome", "match_outcome", ["paid", "suspense"]),
        sa.Column("invoice_id", sa.Uuid(), sa.ForeignKey("invoices.id"), nullable=True),
        _text("reason"),
        _id("journal_id"),
        _time("recorded_at"),
    )
    for table in ("bank_documents", "bank_statements", "bank_entries", "bank_matches"):
        ddl.append_only(table)


def _cards() -> None:
    table = "card_payments"
    states = ["failed", "requested", "requires_action", "succeeded"]
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("invoice_id", sa.Uuid(), sa.ForeignKey("invoices.id"), nullable=False),
        _minor("amount_minor"),
        _text("currency"),
        _text("payment_method"),
        *_kind(table, "status", "card_payment_status", states),
        _text("failure", nullable=True),
        _text("processor_id", nullable=True),
        _id("requested_by"),
        _time("requested_at"),
        _time("sent_at", nullable=True),
        _time("completed_at", nullable=True),
        sa.UniqueConstraint("processor_id", name="uq_card_payments_processor_id"),
    )
    op.create_index("ix_card_payments_invoice_id", table, ["invoice_id"])
    op.create_index(
        "uq_card_payments_open",
        table,
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('requested', 'requires_action')"),
    )
    op.create_table(
        "card_events",
        sa.Column("id", sa.String(), primary_key=True),
        _text("type"),
        _text("object_id"),
        _time("received_at"),
        _time("applied_at", nullable=True),
        _text("outcome", nullable=True),
    )
    for mutable in (table, "card_events"):
        ddl.mutable(mutable)


def _reconciliation() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _time("run_at"),
        _id("run_by"),
        sa.Column("clean", sa.Boolean(), nullable=False),
        sa.Column("checked", JSONB(), nullable=False),
    )
    ddl.append_only("reconciliations")
    table = "reconciliation_breaks"
    kinds = [
        "bank_balance",
        "bank_entry",
        "card_balance",
        "card_payment",
        "clearing",
        "invoice_lines",
        "invoice_overdue",
        "invoice_posting",
        "receivable",
        "statement_gap",
        "suspense",
        "trial_balance",
        "usage",
    ]
    op.create_table(
        table,
        sa.Column("reconciliation_id", sa.Uuid(), sa.ForeignKey("reconciliations.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        *_kind(table, "kind", "break_kind", kinds),
        _text("subject_kind"),
        _text("subject"),
        _minor("difference"),
        _text("currency", nullable=True),
        _id("owner_id", nullable=True),
        _time("since"),
        _text("explanation"),
    )
    ddl.append_only(table)
