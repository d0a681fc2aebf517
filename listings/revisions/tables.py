"""Table of revisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.revisions.states import ChangeStatus


class ProductRevision(Table, table=True):
    """One immutable revision of a product's data, kept as Parquet in the object store; append-only.

    ``columns`` holds `listings.ingest.result.Column` in the data's order, ``profile`` the rest of what the
    ingest found, ``sample`` the first rows, masked. ``bytes`` and ``sha256`` are of the Parquet file,
    ``source_*`` of the file as uploaded. Only a purge changes a row: what tells of the data's values is emptied, and
    ``purged_at`` is set.

    :ivar schema_version: which of the product's schemas it follows, from 1; see :class:`SchemaChange`.
    :ivar previous_id: what buyers relied on when it was registered; what it differs from is told against that.
    """

    __tablename__ = "product_revisions"
    __table_args__ = (sa.UniqueConstraint("product_id", "number"),)

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    number: int
    object_key: str
    sha256: str = Field(index=True)
    bytes: int = Field(sa_type=sa.BigInteger)
    rows: int = Field(sa_type=sa.BigInteger)
    columns: list[dict[str, Any]] = json_column(default_factory=list)
    profile: dict[str, Any] = json_column()
    sample: list[dict[str, Any]] = json_column(default_factory=list)
    source_name: str
    source_format: str
    source_sha256: str = Field(index=True)
    source_bytes: int = Field(sa_type=sa.BigInteger)
    uploaded_at: datetime = timestamp_column()
    uploaded_by: UUID
    schema_version: int = 1
    previous_id: UUID | None = Field(None, foreign_key="product_revisions.id")
    purged_at: datetime | None = timestamp_column(nullable=True)


class SchemaChange(Table, table=True):
    """A further schema of a product, which programs that read the one before may not survive.

    Its revisions are read as the latest from ``effective_at`` on, once it was announced; nothing has to happen then but
    the news of it, which was published at ``effective_told_at``.

    :ivar revision_id: the first revision that follows it.
    :ivar breaking: `listings.revisions.differences.ColumnDifference` of it against what was read when it was announced.
    :ivar rules: rulebook versions that its notice was set by.
    """

    __tablename__ = "schema_changes"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "version"),
        sa.CheckConstraint("status <> 'announced' OR effective_at IS NOT NULL", name="dated"),
        sa.Index(
            "ix_schema_changes_untold",
            "effective_at",
            postgresql_where=sa.text("status = 'announced' AND effective_told_at IS NULL"),
        ),
    )

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    version: int
    revision_id: UUID = Field(foreign_key="product_revisions.id")
    breaking: list[dict[str, Any]] = json_column(default_factory=list)
    status: ChangeStatus = enum_column(ChangeStatus)
    proposed_at: datetime = timestamp_column()
    announced_at: datetime | None = timestamp_column(nullable=True)
    announced_by: UUID | None = None
    reason: str | None = None
    effective_at: datetime | None = timestamp_column(nullable=True)
    effective_told_at: datetime | None = timestamp_column(nullable=True)
    rules: list[dict[str, Any]] = json_column(default_factory=list)
    withdrawn_at: datetime | None = timestamp_column(nullable=True)
    withdrawn_by: UUID | None = None
    withdrawal_reason: str | None = None
