"""Refunds over HTTP."""

from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.messages import Message
from infra.schema import Input, Output, Reason, ShortText
from market.settlement.payments.domain import Payee
from market.settlement.payments.states import Rail, RefundStatus
from market.settlement.payments.tables import Refund
from pricing.money import AMOUNT, Money, MoneyError, MoneyOut


class MoneyIn(Input):
    """An amount that somebody sends: of a known currency, with no more decimal places than it has."""

    amount: str = Field(
        pattern=AMOUNT,
        max_length=24,
        description="Exact decimal in major units, with the currency's own number of decimal places.",
        examples=["12.34"],
        json_schema_extra={"format": "decimal"},
    )
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217 alphabetic code.", examples=["CNY"])

    @model_validator(mode="after")
    def _is_settled(self) -> Self:
        try:
            self.money()
        except MoneyError:
            raise ValueError(
                Message("is no amount of that currency: write it with the currency's own decimal places")
            ) from None
        return self

    def money(self) -> Money:
        """The amount as the rules know it."""
        return Money.from_decimal(Decimal(self.amount), self.currency)


class PayeeIn(Input):
    """Whom the bank is to pay."""

    name: ShortText = Field(description="Holder of the account", examples=["上海示例贸易有限公司"])
    account: ShortText = Field(description="Account number or IBAN", examples=["6222021001012345678"])

    def payee(self) -> Payee:
        """As the rules know it."""
        return Payee(self.name, self.account)


class BankRefundCreate(Input):
    """Why money goes back by bank, and to which account."""

    reason: Reason
    payee: PayeeIn


class EntryRefundCreate(BankRefundCreate):
    """Why money of a bank entry goes back to its sender, and how much."""

    amount: MoneyIn | None = Field(None, description="Default: all of it that is in suspense")


class TransferRead(Output):
    """The transfer for the bank to make, once the refund is approved."""

    payee_name: str
    payee_account: str
    amount: MoneyOut
    reference: str = Field(
        description="End-to-end id of the transfer: by it the entry of a later statement completes the refund"
    )


class RefundRead(Output):
    """Money on its way back: of a whole invoice, of a bank entry, or of a card payment that paid nothing."""

    id: UUID
    rail: Rail
    invoice_id: UUID | None
    bank_entry_id: UUID | None
    card_payment_id: UUID | None
    status: RefundStatus
    amount: MoneyOut
    reason: str
    transfer: TransferRead | None = Field(description="Null: the processor gives it back to the card")
    failure: str | None = Field(description="Why it failed, was rejected or withdrawn")
    requested_by: UUID
    requested_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, row: Refund) -> Self:
        """Render a refund."""
        transfer = None
        if row.reference is not None:
            transfer = TransferRead(
                payee_name=row.payee_name or "",
                payee_account=row.payee_account or "",
                amount=MoneyOut.of(row.amount),
                reference=row.reference,
            )
        return cls(
            id=row.id,
            rail=row.rail,
            invoice_id=row.invoice_id,
            bank_entry_id=row.bank_entry_id,
            card_payment_id=row.card_payment_id,
            status=row.status,
            amount=MoneyOut.of(row.amount),
            reason=row.reason,
            transfer=transfer,
            failure=row.failure,
            requested_by=row.requested_by,
            requested_at=row.requested_at,
            approved_by=row.approved_by,
            approved_at=row.approved_at,
            completed_at=row.completed_at,
        )


class RefundList(Output):
    """Refunds of an invoice, the newest first."""

    items: list[RefundRead]
