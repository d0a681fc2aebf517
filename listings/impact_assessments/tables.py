"""Table of impact assessments; append-only: a later version never takes the place of an earlier one."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from infra.db import Table, id_column, json_column, timestamp_column


class ImpactAssessment(Table, table=True):
    """One impact assessment of the personal information in a product; ``sha256`` is of its report."""

    __tablename__ = "impact_assessments"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "version"),
        sa.CheckConstraint("valid_until > valid_from", name="term"),
        sa.CheckConstraint("kept_until > filed_at", name="kept"),
    )

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    version: int
    grounds: list[str] = Field(sa_type=ARRAY(sa.String), nullable=False)
    sha256: str
    note: str
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    filed_at: datetime = timestamp_column()
    filed_by: UUID
    filed_by_organisation: UUID
    kept_until: datetime = timestamp_column()
    rules: list[dict[str, Any]] = json_column(default_factory=list)
