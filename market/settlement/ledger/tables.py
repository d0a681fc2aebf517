"""Tables of the ledger. All three are append-only, and the database refuses what double entry forbids."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.settlement.ledger.domain import AccountKind, AccountRole, Side


class LedgerAccount(Table, table=True):
    """An account of the chart, in one currency."""

    __tablename__ = "ledger_accounts"

    id: UUID = id_column()
    code: str = Field(unique=True)
    role: AccountRole = enum_column(AccountRole)
    kind: AccountKind = enum_column(AccountKind)
    normal_side: Side = enum_column(Side)
    currency: str
    subject: str
    owner_organisation_id: UUID | None = Field(default=None, index=True)


class LedgerJournal(Table, table=True):
    """One balanced event. ``posting_count`` is what it declares and the database compares."""

    __tablename__ = "ledger_journals"
    __table_args__ = (
        sa.CheckConstraint("posting_count BETWEEN 2 AND 1000", name="posting_count"),
        sa.Index("ix_ledger_journals_source", "source_kind", "source_id"),
    )

    id: UUID = id_column()
    idempotency_key: str = Field(unique=True)
    digest: bytes = Field(sa_type=sa.LargeBinary)
    effective_at: datetime = timestamp_column()
    recorded_at: datetime = timestamp_column()
    recorded_by: UUID
    description: str
    source_kind: str
    source_id: UUID
    reverses_id: UUID | None = Field(default=None, foreign_key="ledger_journals.id", unique=True)
    posting_count: int = Field(sa_type=sa.SmallInteger)


class LedgerPosting(Table, table=True):
    """Minor units on one account: debit positive, credit negative.

    Journal, account, currency and time are checked against their rows by a statement trigger instead of
    foreign keys, whose row locks would make hot accounts a queue.
    """

    __tablename__ = "ledger_postings"
    __table_args__ = (
        sa.CheckConstraint("line >= 1", name="line"),
        sa.CheckConstraint("amount <> 0", name="amount"),
        sa.Index(
            "ix_ledger_postings_account_id_effective_at",
            "account_id",
            "effective_at",
            postgresql_include=["amount"],
        ),
    )

    journal_id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    account_id: UUID
    amount: int = Field(sa_type=sa.BigInteger)
    currency: str
    effective_at: datetime = timestamp_column()
