"""Bank statements over HTTP."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.schema import Output
from market.settlement.rails.bank.matching import Part
from market.settlement.rails.bank.recording import MatchedEntry
from market.settlement.rails.bank.service import ImportedStatement
from market.settlement.rails.bank.states import BankEntryStatus, PartKind
from market.settlement.rails.bank.tables import BankEntry, BankMatch, BankStatement
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
    reason: str = Field(description="Why it is matched like that")
    parts: list[BankEntryPartRead] = Field(description="What it is for; the parts sum to the entry")

    @classmethod
    def of(cls, entry: BankEntry, match: BankMatch, parts: Sequence[Part]) -> Self:
        """Render an entry."""
        paid = {part.target_id for part in parts if part.kind is PartKind.INVOICE}
        return cls(
            id=entry.id,
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
            parts=BankEntryPartRead.parts_of(parts, entry.currency),
        )


class BankStatementSummary(Output):
    """A statement in a list."""

    id: UUID
    account: str
    statement_id: str = Field(description="The bank's own id")
    opening: MoneyOut
    closing: MoneyOut
    covers_from: datetime | None
    covers_to: datetime | None
    imported_at: datetime
    digest: str = Field(description="SHA-256 of its content, whatever file it came in")

    @classmethod
    def of(cls, row: BankStatement) -> Self:
        """Render a statement without its entries."""
        return cls(
            id=row.id,
            account=row.account,
            statement_id=row.statement_id,
            opening=MoneyOut.of(Money(row.opening_minor, row.currency)),
            closing=MoneyOut.of(Money(row.closing_minor, row.currency)),
            covers_from=row.covers_from,
            covers_to=row.covers_to,
            imported_at=row.imported_at,
            digest=row.digest.hex(),
        )


class BankStatementRead(BankStatementSummary):
    """A statement with its entries."""

    entries: list[BankEntryRead]

    @classmethod
    def of_entries(cls, row: BankStatement, entries: Sequence[MatchedEntry]) -> Self:
        """Render a statement."""
        return cls(
            **BankStatementSummary.of(row).model_dump(),
            entries=[BankEntryRead.of(item.entry, item.match, item.parts) for item in entries],
        )


class ImportedStatementRead(Output):
    """What an import did with one statement of the file."""

    statement: BankStatementSummary
    created: bool = Field(description="False: it was imported before, and nothing changed")
    entries: int
    paid: int = Field(description="Entries that paid an invoice; the rest is in suspense")

    @classmethod
    def of(cls, imported: ImportedStatement, entries: Sequence[MatchedEntry]) -> Self:
        """Render an imported statement."""
        return cls(
            statement=BankStatementSummary.of(imported.statement),
            created=imported.created,
            entries=len(entries),
            paid=sum(item.match.status is BankEntryStatus.PAID for item in entries),
        )


class BankStatementImportRead(Output):
    """What an import did."""

    statements: list[ImportedStatementRead]
