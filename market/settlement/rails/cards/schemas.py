"""The card rail over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from infra.schema import Input, Output
from market.settlement.rails.cards.states import CardPaymentStatus
from market.settlement.rails.cards.tables import CardPayment
from pricing.money import MoneyOut


class CardPaymentCreate(Input):
    """How to pay."""

    payment_method: Annotated[str, StringConstraints(pattern=r"^(pm|src|card)_[A-Za-z0-9_]{1,100}$")] = Field(
        description="The processor's id of a payment method, from its own forms; never a card number",
        examples=["pm_card_visa"],
    )


class CardPaymentRead(Output):
    """An attempt to pay an invoice by card."""

    id: UUID
    invoice_id: UUID
    status: CardPaymentStatus
    amount: MoneyOut
    failure: str | None = Field(description="Why it failed; the invoice can be tried again")
    processor_id: str | None
    requested_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, row: CardPayment) -> Self:
        """Render an attempt."""
        return cls(
            id=row.id,
            invoice_id=row.invoice_id,
            status=row.status,
            amount=MoneyOut.of(row.amount),
            failure=row.failure,
            processor_id=row.processor_id,
            requested_at=row.requested_at,
            completed_at=row.completed_at,
        )


class CardPaymentDetail(CardPaymentRead):
    """An attempt, with what the payer's browser needs when the bank asks the payer to confirm."""

    client_secret: str | None = Field(
        description="Only while the status is `requires_action`, and only for the buyer"
    )


class CardPaymentList(Output):
    """Attempts to pay an invoice, the newest first."""

    items: list[CardPaymentRead]


class WebhookReceipt(Output):
    """A webhook was received."""

    received: bool = Field(description="False: it had been received before")
