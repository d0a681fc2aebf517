"""Tables of the bank rail. All append-only: statements are kept as the bank sent them."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.settlement.rails.bank.states import BankEntryStatus
from pricing.money import Money


class BankDocument(Table, table=True):
    """A file as it was received, by its SHA-256."""

    __tablename__ = "bank_documents"

    digest: bytes = Field(primary_key=True)
    content: bytes
    recorded_at: datetime = timestamp_column()
    recorded_by: UUID


class BankStatement(Table, table=True):
    """One statement of one account. ``digest`` covers its content, whatever file it came in."""

    __tablename__ = "bank_statements"
    __table_args__ = (sa.UniqueConstraint("account", "statement_id"),)

    id: UUID = id_column()
    bank_account_id: UUID = Field(foreign_key="bank_accounts.id")
    account: str
    statement_id: str
    digest: bytes
    document_digest: bytes = Field(foreign_key="bank_documents.digest")
    currency: str
    opening_minor: int = Field(sa_type=sa.BigInteger)
    closing_minor: int = Field(sa_type=sa.BigInteger)
    covers_from: datetime | None = timestamp_column(nullable=True)
    covers_to: datetime | None = timestamp_column(nullable=True)
    imported_at: datetime = timestamp_column()
    imported_by: UUID


class BankEntry(Table, table=True):
    """One booked movement: minor units, credit positive."""

    __tablename__ = "bank_entries"
    __table_args__ = (
        sa.UniqueConstraint("bank_statement_id", "number"),
        sa.CheckConstraint("amount_minor <> 0", name="amount_minor"),
    )

    id: UUID = id_column()
    bank_statement_id: UUID = Field(foreign_key="bank_statements.id")
    number: int
    bank_reference: str
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    booked_on: date
    reference_texts: list[str] = Field(sa_type=sa.ARRAY(sa.String()))
    counterparty: str

    @property
    def amount(self) -> Money:
        """What moved: positive when it was received, negative when it was paid."""
        return Money(self.amount_minor, self.currency)


class BankMatch(Table, table=True):
    """What an entry was matched with when it was imported, and the journal that says so."""

    __tablename__ = "bank_matches"

    entry_id: UUID = Field(primary_key=True, foreign_key="bank_entries.id")
    status: BankEntryStatus = enum_column(BankEntryStatus)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoices.id")
    reason: str
    journal_id: UUID
    recorded_at: datetime = timestamp_column()
