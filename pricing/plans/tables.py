"""Table of price plans."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, id_column, json_column, timestamp_column


class PricePlanRow(Table, table=True):
    """One price version; append-only. A new version is a new row that supersedes this one, at most one does.

    `charges` holds what `Charge.document()` makes: exact decimals as text.
    """

    __tablename__ = "price_plans"
    __table_args__ = (
        sa.UniqueConstraint("supersedes"),
        sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name="has_a_name"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_code"),
    )

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    name_zh: str | None = None
    name_en: str | None = None
    currency: str
    charges: list[dict[str, Any]] = json_column(default_factory=list)
    supersedes: UUID | None = Field(None, foreign_key="price_plans.id")
    created_by: UUID
    created_at: datetime = timestamp_column()
