"""Tables of the bank rail. All append-only: statements are kept as the bank sent them."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.settlement.rails.bank.states import BankEntryStatus, PartKind
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
    """What an entry is taken for, as of a time; the one with the highest number holds, earlier ones are kept.

    ``journal_id`` is the journal that booked the entry on its bank account, the same in all matches of the entry.
    """

    __tablename__ = "bank_matches"
    __table_args__ = (
        sa.UniqueConstraint("entry_id", "number"),
        sa.Index("ix_bank_matches_suspense", "entry_id", postgresql_where=sa.text("status = 'suspense'")),
        sa.CheckConstraint("number >= 1", name="number"),
    )

    id: UUID = id_column()
    entry_id: UUID = Field(foreign_key="bank_entries.id")
    number: int
    status: BankEntryStatus = enum_column(BankEntryStatus)
    reason: str
    journal_id: UUID
    recorded_by: UUID
    recorded_at: datetime = timestamp_column()


class BankMatchPart(Table, table=True):
    """A part of an entry under one match: minor units with the entry's sign; the parts sum to the entry.

    ``payment_id`` is the payment that the part makes, ``journal_id`` the journal that moved it out of suspense for
    another reason, ``counter_entry_id`` the entry that it went out or came back with.
    """

    __tablename__ = "bank_match_parts"
    __table_args__ = (
        sa.CheckConstraint("amount_minor <> 0", name="amount_minor"),
        sa.CheckConstraint(
            "CASE kind WHEN 'invoice' THEN invoice_id IS NOT NULL AND payment_id IS NOT NULL"
            " WHEN 'refund' THEN refund_id IS NOT NULL WHEN 'return' THEN counter_entry_id IS NOT NULL"
            " WHEN 'other' THEN journal_id IS NOT NULL ELSE true END",
            name="target",
        ),
    )

    match_id: UUID = Field(primary_key=True, foreign_key="bank_matches.id")
    number: int = Field(primary_key=True)
    kind: PartKind = enum_column(PartKind)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoices.id")
    payment_id: UUID | None = Field(default=None, foreign_key="payments.id", index=True)
    refund_id: UUID | None = Field(default=None, foreign_key="refunds.id", index=True)
    counter_entry_id: UUID | None = Field(default=None, foreign_key="bank_entries.id", index=True)
    journal_id: UUID | None = None
