"""Tables of the card rail: attempts to pay, and the processor's events."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.settlement.rails.cards.states import CardPaymentStatus
from pricing.money import Money


class CardPayment(Table, table=True):
    """One attempt to pay an invoice by card; its id is the processor's idempotency key.

    ``sent_at`` is set before the first network call, so that whoever takes over after a crash asks the
    processor first.
    """

    __tablename__ = "card_payments"
    __table_args__ = (
        sa.Index(
            "uq_card_payments_open",
            "invoice_id",
            unique=True,
            postgresql_where=sa.text("status IN ('requested', 'requires_action')"),
        ),
        sa.Index("ix_card_payments_invoice_id", "invoice_id"),
    )

    id: UUID = id_column()
    invoice_id: UUID = Field(foreign_key="invoices.id")
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    payment_method: str
    status: CardPaymentStatus = enum_column(CardPaymentStatus)
    failure: str | None = None
    processor_id: str | None = Field(default=None, unique=True)
    requested_by: UUID
    requested_at: datetime = timestamp_column()
    sent_at: datetime | None = timestamp_column(nullable=True)
    completed_at: datetime | None = timestamp_column(nullable=True)

    @property
    def amount(self) -> Money:
        """What is charged: the whole invoice."""
        return Money(self.amount_minor, self.currency)


class CardEvent(Table, table=True):
    """An event of the processor, by its own id: received once, applied once."""

    __tablename__ = "card_events"

    id: str = Field(primary_key=True)
    type: str
    object_id: str
    received_at: datetime = timestamp_column()
    applied_at: datetime | None = timestamp_column(nullable=True)
    outcome: str | None = None
