"""Table of revisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, id_column, json_column, timestamp_column


class ProductRevision(Table, table=True):
    """One immutable revision of a product's data, kept as Parquet in the object store; append-only.

    ``columns`` holds `listings.ingest.result.Column` in the data's order, ``profile`` the rest of what the
    ingest found, ``sample`` the first rows, unmasked. ``bytes`` and ``sha256`` are of the Parquet file,
    ``source_*`` of the file as uploaded.
    """

    __tablename__ = "product_revisions"
    __table_args__ = (sa.UniqueConstraint("product_id", "number"),)

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    number: int
    object_key: str
    sha256: str
    bytes: int = Field(sa_type=sa.BigInteger)
    rows: int = Field(sa_type=sa.BigInteger)
    columns: list[dict[str, Any]] = json_column(default_factory=list)
    profile: dict[str, Any] = json_column()
    sample: list[dict[str, Any]] = json_column(default_factory=list)
    source_name: str
    source_format: str
    source_sha256: str
    source_bytes: int = Field(sa_type=sa.BigInteger)
    uploaded_at: datetime = timestamp_column()
    uploaded_by: UUID
