"""Table of reviews."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from infra.db import Table, id_column, json_column, timestamp_column


class ContractReview(Table, table=True):
    """A regulator's finding on an agreement; append-only, the newest counts."""

    __tablename__ = "contract_reviews"

    id: UUID = id_column()
    agreement_id: UUID = Field(foreign_key="agreements.id", index=True)
    reviewed_by: UUID
    note: str
    reviewed_at: datetime = timestamp_column()
    kept_until: datetime | None = timestamp_column(nullable=True)
    rules: list[dict[str, Any]] = json_column(default_factory=list)
