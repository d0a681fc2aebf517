"""Tables of payments: what paid invoices, what was taken back of that, and what was given back."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.settlement.payments.states import Rail, RefundStatus
from pricing.money import Money


class Payment(Table, table=True):
    """Money that pays an invoice, or a part of it; append-only. One that has a reversal does not count any more.

    ``source_id`` is the bank entry or the card payment it came from, ``split_journal_id`` the split of the invoice's
    revenue where the payment completed it.
    """

    __tablename__ = "payments"
    __table_args__ = (sa.CheckConstraint("amount_minor > 0", name="amount_minor"),)

    id: UUID = id_column()
    invoice_id: UUID = Field(foreign_key="invoices.id", index=True)
    rail: Rail = enum_column(Rail)
    source_id: UUID = Field(index=True)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    received_at: datetime = timestamp_column()
    payment_journal_id: UUID
    split_journal_id: UUID | None = None
    recorded_at: datetime = timestamp_column()


class PaymentReversal(Table, table=True):
    """A payment that was taken back: its money is in suspense again, the invoice is open again; append-only."""

    __tablename__ = "payment_reversals"

    payment_id: UUID = Field(primary_key=True, foreign_key="payments.id")
    journal_id: UUID
    reason: str
    reversed_by: UUID
    reversed_at: datetime = timestamp_column()


class Refund(Table, table=True):
    """Money on its way back: of a whole invoice, of a bank entry, or of a card payment that paid nothing.

    By card, ``payment_id`` is the payment that is given back. By bank, ``payee_account`` is where it goes and
    ``reference`` what the transfer must carry for its entry to be recognised.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        sa.Index(
            "uq_refunds_open",
            "invoice_id",
            unique=True,
            postgresql_where=sa.text("status IN ('requested', 'approved', 'succeeded')"),
        ),
        sa.Index(
            "uq_refunds_card_payment",
            "card_payment_id",
            unique=True,
            postgresql_where=sa.text("status IN ('requested', 'approved', 'succeeded')"),
        ),
        sa.CheckConstraint("num_nonnulls(invoice_id, bank_entry_id, card_payment_id) = 1", name="source"),
        sa.CheckConstraint(
            "rail <> 'bank' OR (reference IS NOT NULL AND payee_name IS NOT NULL AND payee_account IS NOT NULL)",
            name="payee",
        ),
        sa.CheckConstraint("amount_minor > 0", name="amount_minor"),
    )

    id: UUID = id_column()
    rail: Rail = enum_column(Rail)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoices.id", index=True)
    payment_id: UUID | None = Field(default=None, foreign_key="payments.id")
    bank_entry_id: UUID | None = Field(default=None, foreign_key="bank_entries.id", index=True)
    card_payment_id: UUID | None = Field(default=None, foreign_key="card_payments.id")
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    reason: str
    reference: str | None = Field(default=None, unique=True)
    payee_name: str | None = None
    payee_account: str | None = None
    status: RefundStatus = enum_column(RefundStatus)
    failure: str | None = None
    processor_id: str | None = Field(default=None, unique=True)
    requested_by: UUID
    requested_at: datetime = timestamp_column()
    approved_by: UUID | None = None
    approved_at: datetime | None = timestamp_column(nullable=True)
    ended_by: UUID | None = None
    sent_at: datetime | None = timestamp_column(nullable=True)
    completed_at: datetime | None = timestamp_column(nullable=True)

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)
