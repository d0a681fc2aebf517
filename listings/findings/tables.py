"""Tables of findings: what was detected in revisions, and what was decided about it; all append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.findings.domain import FindingStatus
from listings.ingest.personal import ContentKind


class RevisionContents(Table, table=True):
    """What was detected in a revision when it was uploaded (`listings.ingest.personal.Detected`)."""

    __tablename__ = "revision_contents"

    revision_id: UUID = Field(foreign_key="product_revisions.id", primary_key=True)
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    detected: list[dict[str, Any]] = json_column(default_factory=list)


class ContentDecision(Table, table=True):
    """A decision about a finding, of all revisions of a product; the newest counts."""

    __tablename__ = "content_decisions"
    __table_args__ = (sa.Index("ix_content_decisions_finding", "product_id", "column_name", "kind", "id"),)

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    column_name: str
    kind: ContentKind = enum_column(ContentKind)
    status: FindingStatus = enum_column(FindingStatus)
    reason: str
    decided_by: UUID
    decided_at: datetime = timestamp_column()


class PersonalColumn(Table, table=True):
    """A column declared as personal besides the dictionary, which does not change after publication."""

    __tablename__ = "personal_columns"

    product_id: UUID = Field(foreign_key="data_products.id", primary_key=True)
    column_name: str = Field(primary_key=True)
    marked_by: UUID
    marked_at: datetime = timestamp_column()
