"""Invoices over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra import months
from infra.identity.schemas import PartyName, PartyNames
from infra.messages import Message
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import DecimalText, Input, Output, Reason
from market.metering.domain import CloseReason, EarlyClose
from market.settlement.bank_accounts.schemas import AccountToPay
from market.settlement.bank_accounts.service import AccountsToPay
from market.settlement.invoices.states import INVOICE, InvoiceAction, InvoiceStatus
from market.settlement.invoices.tables import Invoice, InvoiceLine, PeriodClose
from market.settlement.splits.domain import read_shares
from market.settlement.splits.schemas import SplitPart
from pricing.money import Money, MoneyOut

PERIOD_MONTH = Field(
    description="Calendar month in the market's time zone; null of a period from before periods were months",
    examples=["2026-11"],
)


class PeriodCloseCreate(Input):
    """Which period to close; reason and note only before its end, where the contract has ended."""

    period_no: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Counted from 1; default: the first that is over and not billed, or the last that is billed.",
    )
    reason: CloseReason | None = Field(None, description="How the contract ended; it is checked.")
    note: Reason | None = Field(None, description="The same in your words; kept for good.")

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if (self.reason is None) != (self.note is None):
            raise ValueError(Message("a reason needs a note, and a note a reason"))
        return self

    @property
    def early(self) -> EarlyClose | None:
        """Why the period is closed before its end."""
        return EarlyClose(self.reason, self.note) if self.reason and self.note else None


class InvoiceLineRead(Output):
    """One charge, and the use it rests on."""

    line: int
    licence_id: UUID
    usage_period_no: int = Field(description="Billing period of the licence whose usage records it sums up")
    model: str
    metric: str
    quantity: int = Field(description="Units used")
    allowance_used: int = Field(description="Of them free")
    agreed_unit_price: DecimalText
    unit_price: DecimalText = Field(description="Price charged, in major units")
    exact_amount: DecimalText = Field(description="Before the one rounding")
    amount: MoneyOut
    price_plan_id: UUID
    explanation_en: str
    explanation_zh: str

    @classmethod
    def of(cls, row: InvoiceLine) -> Self:
        """Render a line."""
        return cls(
            **row.model_dump(exclude={"invoice_id", "amount_minor", "currency"}),
            amount=MoneyOut.of(Money(row.amount_minor, row.currency)),
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What invoices are rendered with.

    :ivar names: of their parties, as they are now.
    :ivar accounts: the bank accounts in use now, by id, and those that new invoices name, by currency.
    """

    names: PartyNames
    accounts: AccountsToPay

    def names_on(self, row: Invoice) -> PartyNames:
        """What its parties are called on an invoice: as they were when it was issued, where that was kept."""
        ids = {"operator": row.operator_id, "owner": row.owner_id, "buyer": row.buyer_id}
        kept = {ids[role]: PartyName.model_validate(name) for role, name in (row.parties or {}).items()}
        return {**self.names, **kept}

    def pay_to(self, row: Invoice) -> AccountToPay | None:
        """Where to transfer what is due on an invoice."""
        if not INVOICE.allows(row.status, InvoiceAction.PAY):
            return None
        return self.accounts.instead_of(row.bank_account, row.currency)


class InvoiceSummary(Output):
    """An invoice in a list. Its parties are called as they were when it was issued."""

    id: UUID
    number: str = Field(description="The operator's series and the number in it, without gaps")
    status: InvoiceStatus
    agreement_id: UUID
    period_no: int
    period_month: str | None = PERIOD_MONTH
    period_from: datetime
    period_to: datetime = Field(description="Not included")
    operator_id: UUID = Field(description="Seller of record")
    operator_name: PartyName | None
    owner_id: UUID
    owner_name: PartyName | None
    buyer_id: UUID
    buyer_name: PartyName | None
    total: MoneyOut
    paid: MoneyOut = Field(description="What payments brought so far")
    open: MoneyOut = Field(description="What is still to be paid: the amount to transfer, and to remind of")
    payment_reference: str = Field(description="Creditor reference (ISO 11649); write it on the transfer")
    payee: PartyName | None = Field(description="Holder of the bank account it names")
    bank_account: AccountToPay | None = Field(
        description="The bank account named when it was issued; null: none was registered in its currency"
    )
    pay_to: AccountToPay | None = Field(
        description="Where to transfer to now: the account it names or, where that is closed or there was none, the"
        " present one. Null: nothing is due, or there is no account in its currency yet: pay by card, or ask again"
    )
    issued_at: datetime
    due_at: datetime
    paid_at: datetime | None

    @classmethod
    def of(cls, row: Invoice, surroundings: Surroundings) -> Self:
        """Render an invoice without its lines."""
        named = AccountToPay.model_validate(row.bank_account) if row.bank_account else None
        names = surroundings.names_on(row)
        return cls(
            id=row.id,
            number=row.document_number,
            status=row.status,
            agreement_id=row.agreement_id,
            period_no=row.period_no,
            period_month=months.label(row.period_month),
            period_from=row.period_from,
            period_to=row.period_to,
            operator_id=row.operator_id,
            operator_name=names.get(row.operator_id),
            owner_id=row.owner_id,
            owner_name=names.get(row.owner_id),
            buyer_id=row.buyer_id,
            buyer_name=names.get(row.buyer_id),
            total=MoneyOut.of(row.total),
            paid=MoneyOut.of(row.paid),
            open=MoneyOut.of(row.open),
            payment_reference=row.payment_reference,
            payee=PartyName(zh=named.holder_zh, en=named.holder_en) if named else None,
            bank_account=named,
            pay_to=surroundings.pay_to(row),
            issued_at=row.issued_at,
            due_at=row.due_at,
            paid_at=row.paid_at,
        )


class InvoiceRead(InvoiceSummary):
    """An invoice with its lines."""

    price_plan_id: UUID
    lines: list[InvoiceLineRead]
    split: list[SplitPart]
    rules: list[RuleVersionRead] = Field(description="Rulebook versions it rests on")
    digest: str = Field(description="SHA-256 of its content")

    @classmethod
    def of_lines(cls, row: Invoice, lines: Sequence[InvoiceLine], surroundings: Surroundings) -> Self:
        """Render an invoice."""
        return cls(
            **InvoiceSummary.of(row, surroundings).model_dump(),
            price_plan_id=row.price_plan_id,
            lines=[InvoiceLineRead.of(line) for line in lines],
            split=SplitPart.parts_of(row.total, read_shares(row.split), surroundings.names_on(row)),
            rules=[RuleVersionRead.model_validate(stamp) for stamp in row.rules],
            digest=row.digest.hex(),
        )


class PeriodCloseSummary(Output):
    """A closed period in a list."""

    id: UUID
    agreement_id: UUID
    period_no: int
    period_month: str | None = PERIOD_MONTH
    opened_at: datetime
    closed_at: datetime = Field(description="When the period ended; calls from then on are not in it")
    close_reason: CloseReason | None = Field(description="How the contract ended; null of a whole month")
    close_note: str | None
    usage: list[dict[str, Any]] = Field(description="What was counted, by licence and purpose")
    invoice_id: UUID | None = Field(description="Null: nothing was used and nothing is due")

    @classmethod
    def of(cls, row: PeriodClose) -> Self:
        """Render a close without its invoice."""
        return cls(**row.model_dump(), period_month=months.label(row.month))


class PeriodCloseRead(PeriodCloseSummary):
    """A closed period with its invoice."""

    invoice: InvoiceSummary | None

    @classmethod
    def of_invoice(cls, row: PeriodClose, invoice: InvoiceSummary | None) -> Self:
        """Render a close."""
        return cls(**PeriodCloseSummary.of(row).model_dump(), invoice=invoice)
