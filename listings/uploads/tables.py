"""Tables of uploads and of the pieces that have come."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.uploads.states import UploadPhase, UploadStatus


class Upload(Table, table=True):
    """A file on its way to a revision.

    ``sha256`` is what the caller declared.
    ``problem`` is what a refusal consists of (`listings.uploads.problems`), told in each reader's language.
    ``attempts`` counts how often a worker began.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        sa.Index("ix_uploads_open", "organisation_id", postgresql_where=sa.text("finished_at IS NULL")),
        sa.Index("ix_uploads_expires_at", "expires_at", postgresql_where=sa.text("status = 'receiving'")),
    )

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    created_by: UUID
    by_program: bool
    name: str
    options: dict[str, Any] = json_column()
    size_bytes: int | None = Field(None, sa_type=sa.BigInteger)
    sha256: str | None = None
    status: UploadStatus = enum_column(UploadStatus)
    received_bytes: int = Field(0, sa_type=sa.BigInteger)
    phase: UploadPhase | None = enum_column(UploadPhase, default=None, nullable=True)
    percent: int = 0
    rows: int | None = Field(None, sa_type=sa.BigInteger)
    attempts: int = 0
    revision_id: UUID | None = Field(None, foreign_key="product_revisions.id")
    unchanged: bool = False
    problem: dict[str, Any] | None = json_column(nullable=True)
    created_at: datetime = timestamp_column()
    updated_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column()
    finished_at: datetime | None = timestamp_column(nullable=True)


class UploadPart(Table, table=True):
    """A piece of an upload that has come; gone once the upload has ended."""

    __tablename__ = "upload_parts"

    upload_id: UUID = Field(foreign_key="uploads.id", primary_key=True)
    begins_at: int = Field(sa_type=sa.BigInteger, primary_key=True)
    bytes: int = Field(sa_type=sa.BigInteger)
    object_key: str = Field(index=True)
