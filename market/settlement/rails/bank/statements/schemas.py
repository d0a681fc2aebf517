"""Bank statements over HTTP."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.schema import Output
from market.settlement.rails.bank.entries.recording import MatchedEntry
from market.settlement.rails.bank.entries.schemas import BankEntryRead
from market.settlement.rails.bank.statements.service import ImportedStatement
from market.settlement.rails.bank.states import BankEntryStatus
from market.settlement.rails.bank.tables import BankStatement
from pricing.money import Money, MoneyOut


class BankStatementSummary(Output):
    """A statement in a list."""

    id: UUID
    account: str
    statement_id: str = Field(description="The bank's own id")
    opening: MoneyOut
    closing: MoneyOut
    covers_from: datetime | None
    covers_to: datetime | None
    first_day: date | None = Field(description="First and last day that it covers, in the bank's calendar")
    last_day: date | None
    replaces_id: UUID | None = Field(description="The statement that it corrects; that one is kept")
    review_id: UUID | None = Field(description="The review by which an officer confirmed the correction")
    gap_before_id: UUID | None = Field(description="The review by which officers accepted a gap before it")
    gap_after_id: UUID | None
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
            first_day=row.first_day,
            last_day=row.last_day,
            replaces_id=row.replaces_id,
            review_id=row.review_id,
            gap_before_id=row.gap_before_id,
            gap_after_id=row.gap_after_id,
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
