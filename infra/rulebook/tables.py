"""Table of the rulebook."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, id_column, json_column, timestamp_column


class RulebookParameter(Table, table=True):
    """One version of one parameter; append-only. The newest effective one is in force."""

    __tablename__ = "rulebook_parameters"
    __table_args__ = (
        sa.UniqueConstraint("key", "version"),
        sa.CheckConstraint("source_status IN ('T', 'S', 'M', 'house')", name="source_status"),
    )

    id: UUID = id_column()
    key: str
    version: int
    value: Any = json_column()
    effective_from: datetime = timestamp_column()
    source: str
    source_status: str
    approved_by: UUID | None = None
    recorded_at: datetime = Field(
        sa_type=sa.DateTime(timezone=True), nullable=False, sa_column_kwargs={"server_default": sa.func.now()}
    )
