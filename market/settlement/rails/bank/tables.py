"""Tables of the bank rail. All append-only: statements are kept as the bank sent them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, message_column, timestamp_column
from market.settlement.rails.bank.review_kinds import ReviewKind
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
    """One statement of one account. ``digest`` covers its content, whatever file it came in.

    ``place`` orders the statements of an account in a currency: it is decided when one is imported, since they arrive
    in any order. ``replaces_id`` is the statement that a corrected one takes the place of, which is kept.
    ``relisted_minor`` is what entries come to that earlier statements have already. ``review_id`` is by which review it
    replaces the other, ``gap_before_id`` and ``gap_after_id`` by which a gap next to it is accepted.
    """

    __tablename__ = "bank_statements"
    __table_args__ = (
        sa.UniqueConstraint("replaces_id"),
        sa.Index(
            "uq_bank_statements_statement_id",
            "account",
            "currency",
            "statement_id",
            "first_day",
            unique=True,
            postgresql_where=sa.text("replaces_id IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

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
    first_day: date | None = None
    last_day: date | None = None
    sequence: int | None = Field(default=None, sa_type=sa.BigInteger)
    created_at: datetime | None = timestamp_column(nullable=True)
    place: Decimal = Field(sa_type=sa.Numeric)
    relisted_minor: int = Field(default=0, sa_type=sa.BigInteger)
    replaces_id: UUID | None = Field(default=None, foreign_key="bank_statements.id")
    review_id: UUID | None = Field(default=None, foreign_key="bank_statement_reviews.id")
    gap_before_id: UUID | None = Field(default=None, foreign_key="bank_statement_reviews.id")
    gap_after_id: UUID | None = Field(default=None, foreign_key="bank_statement_reviews.id")
    imported_at: datetime = timestamp_column()
    imported_by: UUID

    @property
    def continues_from_minor(self) -> int:
        """The balance that it goes on from: what it lists once more is in the statements before it already."""
        return self.opening_minor + self.relisted_minor


class BankStatementReview(Table, table=True):
    """A statement that is imported only when officers approve: it leaves a gap, or replaces one of other content.

    Both are named by their content, so that the approval is of this file and no other. ``facts`` is what they approve.
    """

    __tablename__ = "bank_statement_reviews"
    __table_args__ = (sa.UniqueConstraint("kind", "digest", "against_digest"),)

    id: UUID = id_column()
    kind: ReviewKind = enum_column(ReviewKind)
    account: str
    currency: str
    statement_id: str
    digest: bytes
    against_digest: bytes
    facts: dict[str, Any] = json_column()
    found_by: UUID
    found_at: datetime = timestamp_column()


class BankStatementApproval(Table, table=True):
    """An officer's approval of a review, with the reason."""

    __tablename__ = "bank_statement_approvals"
    __table_args__ = (sa.UniqueConstraint("review_id", "approved_by"),)

    review_id: UUID = Field(primary_key=True, foreign_key="bank_statement_reviews.id")
    number: int = Field(primary_key=True)
    approved_by: UUID
    reason: str
    approved_at: datetime = timestamp_column()


class BankEntry(Table, table=True):
    """One booked movement: minor units, credit positive.

    ``same_as_id`` is the entry that it is once more, in a corrected statement or listed again: that one is booked and
    matched, this one is not.
    """

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
    servicer_reference: str | None = Field(default=None, index=True)
    same_as_id: UUID | None = Field(default=None, foreign_key="bank_entries.id", index=True)

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
    reason: str = message_column()
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
