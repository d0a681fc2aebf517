"""Tables of payments: what paid an invoice, and what was given back."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.settlement.payments.states import Rail, RefundStatus
from pricing.money import Money


class Payment(Table, table=True):
    """The one payment that paid an invoice in full; append-only.

    ``source_id`` is the bank entry or the card payment it came from.
    """

    __tablename__ = "payments"
    __table_args__ = (sa.CheckConstraint("amount_minor > 0", name="amount_minor"),)

    id: UUID = id_column()
    invoice_id: UUID = Field(foreign_key="invoices.id", unique=True)
    rail: Rail = enum_column(Rail)
    source_id: UUID = Field(unique=True)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    received_at: datetime = timestamp_column()
    payment_journal_id: UUID
    split_journal_id: UUID
    recorded_at: datetime = timestamp_column()


class Refund(Table, table=True):
    """The whole of a payment on its way back to the buyer."""

    __tablename__ = "refunds"
    __table_args__ = (
        sa.Index(
            "uq_refunds_open",
            "invoice_id",
            unique=True,
            postgresql_where=sa.text("status IN ('requested', 'succeeded')"),
        ),
    )

    id: UUID = id_column()
    invoice_id: UUID = Field(foreign_key="invoices.id", index=True)
    payment_id: UUID = Field(foreign_key="payments.id")
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    reason: str
    status: RefundStatus = enum_column(RefundStatus)
    failure: str | None = None
    processor_id: str | None = Field(default=None, unique=True)
    requested_by: UUID
    requested_at: datetime = timestamp_column()
    sent_at: datetime | None = timestamp_column(nullable=True)
    completed_at: datetime | None = timestamp_column(nullable=True)

    @property
    def amount(self) -> Money:
        """What goes back: all that was paid."""
        return Money(self.amount_minor, self.currency)
