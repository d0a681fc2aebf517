"""Tables of invoicing: number series, closes, invoices and their lines."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from market.metering.domain import CloseReason
from market.settlement.invoices.states import InvoiceStatus
from pricing.money import Money


class InvoiceSeries(Table, table=True):
    """The running number of one operator's invoices; the row is locked while a number is taken."""

    __tablename__ = "invoice_series"

    operator_id: UUID = Field(primary_key=True)
    series_no: int = Field(
        default=None,
        sa_column_args=[sa.Identity(always=True)],
        sa_type=sa.Integer,
        unique=True,
        nullable=False,
    )
    last_number: int = 0


class PeriodClose(Table, table=True):
    """One closed billing period of an agreement; append-only.

    ``usage`` keeps what was counted, licence by licence, also where it came to no invoice. ``month`` is the first day
    of its calendar month in the market's time zone; null of a period from before periods were months. ``close_reason``
    says why it was closed before its end.
    """

    __tablename__ = "period_closes"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "period_no"),
        sa.UniqueConstraint("agreement_id", "month"),
    )

    id: UUID = id_column()
    agreement_id: UUID
    period_no: int
    month: date | None = None
    opened_at: datetime = timestamp_column()
    closed_at: datetime = timestamp_column()
    close_reason: CloseReason | None = enum_column(CloseReason, default=None, nullable=True)
    close_note: str | None = None
    usage: list[dict[str, Any]] = json_column(default_factory=list)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoices.id", unique=True)
    closed_by: UUID
    recorded_at: datetime = timestamp_column()


class Invoice(Table, table=True):
    """An invoice. The database lets nothing of it change but its status, what was paid of it and when."""

    __tablename__ = "invoices"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "period_no"),
        sa.UniqueConstraint("operator_id", "number"),
        sa.CheckConstraint("total_minor >= 0", name="total_minor"),
        sa.CheckConstraint("paid_minor BETWEEN 0 AND total_minor", name="paid_minor"),
    )

    id: UUID = id_column()
    agreement_id: UUID
    period_no: int
    operator_id: UUID
    owner_id: UUID = Field(index=True)
    buyer_id: UUID = Field(index=True)
    number: int
    document_number: str = Field(unique=True)
    payment_reference: str = Field(unique=True)
    currency: str
    total_minor: int = Field(sa_type=sa.BigInteger)
    period_month: date | None = None
    period_from: datetime = timestamp_column()
    period_to: datetime = timestamp_column()
    issued_at: datetime = timestamp_column()
    due_at: datetime = timestamp_column()
    price_plan_id: UUID
    split: list[dict[str, Any]] = json_column(default_factory=list)
    rules: list[dict[str, Any]] = json_column(default_factory=list)
    parties: dict[str, Any] | None = json_column(nullable=True)
    """What operator, owner and buyer were called when it was issued; None: issued before this was kept."""
    bank_account: dict[str, Any] | None = json_column(nullable=True)
    """Where to pay to, as it was registered when the invoice was issued; None: nothing was, in its currency."""
    digest: bytes
    status: InvoiceStatus = enum_column(InvoiceStatus)
    paid_at: datetime | None = timestamp_column(nullable=True)
    paid_minor: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})

    @property
    def total(self) -> Money:
        """What it comes to."""
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        """What payments brought that stand."""
        return Money(self.paid_minor, self.currency)

    @property
    def open(self) -> Money:
        """What is still to be paid; nothing once it is paid or refunded."""
        return self.total - self.paid


class InvoiceLine(Table, table=True):
    """One rated charge on the use of one licence in one period; append-only."""

    __tablename__ = "invoice_lines"

    invoice_id: UUID = Field(primary_key=True, foreign_key="invoices.id")
    line: int = Field(primary_key=True)
    licence_id: UUID
    usage_period_no: int
    model: str
    metric: str
    quantity: int = Field(sa_type=sa.BigInteger)
    allowance_used: int = Field(sa_type=sa.BigInteger)
    agreed_unit_price: Decimal = Field(sa_type=sa.Numeric)
    unit_price: Decimal = Field(sa_type=sa.Numeric)
    exact_amount: Decimal = Field(sa_type=sa.Numeric)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    price_plan_id: UUID
    explanation_en: str
    explanation_zh: str
