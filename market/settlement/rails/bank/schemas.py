"""Bank statements over HTTP."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.schema import Output
from market.settlement.rails.bank.service import ImportedStatement
from market.settlement.rails.bank.states import BankEntryStatus
from market.settlement.rails.bank.tables import BankEntry, BankMatch, BankStatement
from pricing.money import Money, MoneyOut


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
    invoice_id: UUID | None
    reason: str = Field(description="Why it was, or was not, taken for a payment")

    @classmethod
    def of(cls, entry: BankEntry, match: BankMatch) -> Self:
        """Render an entry."""
        return cls(
            id=entry.id,
            number=entry.number,
            bank_reference=entry.bank_reference,
            amount=MoneyOut.of(entry.amount),
            booked_on=entry.booked_on,
            references=entry.reference_texts,
            counterparty=entry.counterparty,
            status=match.status,
            invoice_id=match.invoice_id,
            reason=match.reason,
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
    def of_entries(cls, row: BankStatement, entries: Sequence[tuple[BankEntry, BankMatch]]) -> Self:
        """Render a statement."""
        return cls(
            **BankStatementSummary.of(row).model_dump(),
            entries=[BankEntryRead.of(entry, match) for entry, match in entries],
        )


class ImportedStatementRead(Output):
    """What an import did with one statement of the file."""

    statement: BankStatementSummary
    created: bool = Field(description="False: it was imported before, and nothing changed")
    entries: int
    paid: int = Field(description="Entries that paid an invoice; the rest is in suspense")

    @classmethod
    def of(cls, imported: ImportedStatement, entries: Sequence[tuple[BankEntry, BankMatch]]) -> Self:
        """Render an imported statement."""
        return cls(
            statement=BankStatementSummary.of(imported.statement),
            created=imported.created,
            entries=len(entries),
            paid=sum(match.status is BankEntryStatus.PAID for _, match in entries),
        )


class BankStatementImportRead(Output):
    """What an import did."""

    statements: list[ImportedStatementRead]
