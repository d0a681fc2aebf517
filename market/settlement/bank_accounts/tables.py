"""The register of the platform's own bank accounts."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.settlement.bank_accounts.states import BankAccountStatus


class BankAccount(Table, table=True):
    """One account in one currency, as it was registered. What was registered never changes: a correction is a further
    registration, which replaces this one when it is confirmed.

    ``number`` is the spelling that the books and statements know it by, ``number_key`` what is compared.
    """

    __tablename__ = "bank_accounts"
    __table_args__: ClassVar[tuple[Any, ...]] = (
        *(
            sa.Index(
                f"uq_bank_accounts_{status}",
                "number_key",
                "currency",
                unique=True,
                postgresql_where=sa.text(f"status = '{status}'"),
            )
            for status in ("active", "registered")
        ),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> registered_by", name="two_officers"),
        sa.CheckConstraint("status <> 'active' OR confirmed_at IS NOT NULL", name="confirmed_first"),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
        sa.CheckConstraint(
            "NOT for_invoices OR coalesce(bank_name_zh, bank_name_en) IS NOT NULL"
            " AND coalesce(holder_zh, holder_en) IS NOT NULL",
            name="complete_for_invoices",
        ),
    )

    id: UUID = id_column()
    organisation_id: UUID
    number: str
    number_key: str
    currency: str
    bank_name_zh: str | None = None
    bank_name_en: str | None = None
    bic: str | None = None
    cnaps: str | None = None
    holder_zh: str | None = None
    holder_en: str | None = None
    for_invoices: bool
    status: BankAccountStatus = enum_column(BankAccountStatus)
    registered_by: UUID
    registered_at: datetime = timestamp_column()
    confirmed_by: UUID | None = None
    confirmed_at: datetime | None = timestamp_column(nullable=True)
    closed_by: UUID | None = None
    closed_at: datetime | None = timestamp_column(nullable=True)
    closure_reason: str | None = None
    replaced_by_id: UUID | None = Field(default=None, foreign_key="bank_accounts.id")
