"""Booked movements over HTTP, and what they are for."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.messages import Message
from infra.schema import Input, Output, Reason, Told
from market.settlement.payments.schemas import MoneyIn
from market.settlement.rails.bank.entries.candidates import Candidate, CandidateReason
from market.settlement.rails.bank.entries.matching import Part, WantedPart
from market.settlement.rails.bank.entries.suspense import EntryInSight
from market.settlement.rails.bank.states import AssignedKind, BankEntryStatus, PartKind
from market.settlement.rails.bank.tables import BankEntry, BankMatch
from pricing.money import Money, MoneyOut


class BankEntryPartRead(Output):
    """A part of an entry, and what it is for."""

    kind: PartKind
    amount: MoneyOut = Field(description="With the sign of the entry")
    invoice_id: UUID | None
    refund_id: UUID | None
    counter_entry_id: UUID | None = Field(description="The entry that it came back or went out with")

    @classmethod
    def parts_of(cls, parts: Sequence[Part], currency: str) -> list[Self]:
        """Render the parts of an entry."""
        return [
            cls(
                kind=part.kind,
                amount=MoneyOut.of(Money(part.amount, currency)),
                invoice_id=part.target_id if part.kind is PartKind.INVOICE else None,
                refund_id=part.target_id if part.kind is PartKind.REFUND else None,
                counter_entry_id=part.target_id if part.kind is PartKind.RETURN else None,
            )
            for part in parts
        ]


class BankEntryRead(Output):
    """One booked movement, and what became of it."""

    id: UUID
    number: int
    bank_reference: str
    amount: MoneyOut = Field(description="Positive: received; negative: paid")
    booked_on: date
    references: list[str] = Field(description="What the payer wrote")
    counterparty: str
    status: BankEntryStatus
    match_id: UUID = Field(description="What it is matched with now; send it as `replaces` to match it anew")
    invoice_id: UUID | None = Field(description="The invoice it pays; null where it pays none, or several")
    reason: Told = Field(description="Why it is matched like that")
    listed_again: bool = Field(
        description="Another statement, or the one that this corrects, has it too; it is booked once"
    )
    parts: list[BankEntryPartRead] = Field(description="What it is for; the parts sum to the entry")

    @classmethod
    def of(cls, entry: BankEntry, match: BankMatch, parts: Sequence[Part]) -> Self:
        """Render an entry."""
        paid = {part.target_id for part in parts if part.kind is PartKind.INVOICE}
        return cls(
            id=entry.same_as_id or entry.id,
            number=entry.number,
            bank_reference=entry.bank_reference,
            amount=MoneyOut.of(entry.amount),
            booked_on=entry.booked_on,
            references=entry.reference_texts,
            counterparty=entry.counterparty,
            status=match.status,
            match_id=match.id,
            invoice_id=paid.pop() if len(paid) == 1 else None,
            reason=match.reason,
            listed_again=entry.same_as_id is not None,
            parts=BankEntryPartRead.parts_of(parts, entry.currency),
        )


class CandidateReasonRead(Output):
    """Why an invoice may be what money is for."""

    kind: CandidateReason
    explanation: Told


class CandidateRead(Output):
    """An open invoice that what is in suspense may be for. Nothing is matched by itself."""

    invoice_id: UUID
    number: str
    payment_reference: str
    buyer_id: UUID
    total: MoneyOut
    open: MoneyOut
    reasons: list[CandidateReasonRead]

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Render a candidate."""
        invoice = candidate.invoice
        return cls(
            invoice_id=invoice.id,
            number=invoice.number,
            payment_reference=invoice.reference,
            buyer_id=invoice.buyer_id,
            total=MoneyOut.of(invoice.total),
            open=MoneyOut.of(invoice.open),
            reasons=[
                CandidateReasonRead(kind=kind, explanation=explanation)
                for kind, explanation in candidate.reasons
            ],
        )


class BankEntryDetail(BankEntryRead):
    """An entry with its age and what it may be for."""

    bank_statement_id: UUID
    account: str
    held: MoneyOut = Field(description="What of it is in suspense, with its sign")
    age_days: int = Field(description="Whole days since it was booked")
    candidates: list[CandidateRead] = Field(
        description="Open invoices that what is in suspense may be for, the likeliest first"
    )

    @classmethod
    def of_sight(cls, seen: EntryInSight) -> Self:
        """Render an entry."""
        matched = seen.matched
        return cls(
            **BankEntryRead.of(matched.entry, matched.match, matched.parts).model_dump(),
            bank_statement_id=matched.statement.id,
            account=matched.statement.account,
            held=MoneyOut.of(matched.held),
            age_days=seen.age_days,
            candidates=[CandidateRead.of(candidate) for candidate in seen.candidates],
        )


class BankMatchPartIn(Input):
    """What a part of an entry is for."""

    kind: AssignedKind = Field(
        description="`invoice`: pays it; `refund`: money out that paid it; `return`: came back, or went out again, with"
        " another entry; `other`: no business of the market"
    )
    invoice_id: UUID | None = Field(None, description="For `invoice`")
    refund_id: UUID | None = Field(None, description="For `refund`; it is approved")
    counter_entry_id: UUID | None = Field(None, description="For `return`; its money is in suspense")
    amount: MoneyIn | None = Field(
        None,
        description="With the sign of the entry; default: as much as it takes, at most what is left of the entry",
    )

    @model_validator(mode="after")
    def _names_its_target(self) -> Self:
        names = {"invoice": self.invoice_id, "refund": self.refund_id, "return": self.counter_entry_id}
        given = {kind for kind, target in names.items() if target is not None}
        if given != ({self.kind.value} if self.kind.value in names else set()):
            raise ValueError(
                Message(
                    "name invoice_id for invoice, refund_id for refund, counter_entry_id for return, no other"
                )
            )
        return self

    def wanted(self) -> WantedPart:
        """As the use case takes it."""
        target = self.invoice_id or self.refund_id or self.counter_entry_id
        return WantedPart(PartKind(self.kind.value), target, self.amount.money() if self.amount else None)


class BankMatchCreate(Input):
    """What an entry is for from now on; what no part names is in suspense."""

    replaces: UUID = Field(description="`match_id` of the entry as you have seen it")
    parts: list[BankMatchPartIn] = Field(
        max_length=100, description="All of them, also those that stay; none: all of it is in suspense again"
    )
    reason: Reason


class BankMatchRead(Output):
    """What an entry was matched with as of a time."""

    id: UUID
    number: int = Field(description="Counted from 1; the highest holds")
    status: BankEntryStatus
    reason: Told
    recorded_by: UUID
    recorded_at: datetime
    parts: list[BankEntryPartRead]

    @classmethod
    def of(cls, match: BankMatch, parts: Sequence[Part], currency: str) -> Self:
        """Render a match."""
        return cls(
            id=match.id,
            number=match.number,
            status=match.status,
            reason=match.reason,
            recorded_by=match.recorded_by,
            recorded_at=match.recorded_at,
            parts=BankEntryPartRead.parts_of(parts, currency),
        )


class BankMatchList(Output):
    """Every match of an entry, the newest first."""

    items: list[BankMatchRead]
