"""Tables of uploads and of the pieces that have come."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import MessageText, Table, enum_column, id_column, json_column, timestamp_column
from infra.secrets import EncryptedText
from listings.uploads.states import CredentialKind, FetchStatus, UploadPhase, UploadStatus
from listings.uploads.times import SourceFrequency


class Upload(Table, table=True):
    """A file on its way to a revision.

    ``sha256`` was declared. ``source_url`` is where a file is fetched, with the credentials of that name;
    it is encrypted, since people sign addresses. ``etag`` is how the source named what was fetched.
    ``source_id`` is the source whose time had come (it may be deleted since).
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
    source_url: str | None = Field(None, sa_type=EncryptedText("uploads.source_url"))
    credentials: str | None = None
    etag: str | None = None
    source_id: UUID | None = Field(None, index=True)
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


class SourceCredential(Table, table=True):
    """What an organisation shows a source; the secret is encrypted and leaves the service only to the endpoint.

    ``endpoint`` is ``https://host[:port]``. ``key_id`` and ``region`` are of an S3-compatible store.
    """

    __tablename__ = "source_credentials"

    organisation_id: UUID = Field(foreign_key="organisations.id", primary_key=True)
    name: str = Field(primary_key=True)
    kind: CredentialKind = enum_column(CredentialKind)
    endpoint: str
    region: str | None = None
    key_id: str | None = None
    secret: str = Field(sa_type=EncryptedText("source_credentials.secret"))
    created_at: datetime = timestamp_column()
    updated_at: datetime = timestamp_column()
    updated_by: UUID


class ProductSource(Table, table=True):
    """What an organisation has fetched for a product by the clock, on behalf of who set it.

    ``etag`` is how the source named what became the newest revision.
    """

    __tablename__ = "product_sources"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "organisation_id"),
        sa.Index("ix_product_sources_due", "next_run_at", postgresql_where=sa.text("status = 'active'")),
    )

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    organisation_id: UUID = Field(foreign_key="organisations.id")
    set_by: UUID
    by_program: bool
    name: str
    url: str = Field(sa_type=EncryptedText("product_sources.url"))
    credentials: str | None = None
    options: dict[str, Any] = json_column()
    frequency: SourceFrequency = enum_column(SourceFrequency)
    minute: int
    hour: int | None = None
    weekday: int | None = None
    status: FetchStatus = enum_column(FetchStatus)
    pause_reason: str | None = Field(None, sa_type=MessageText, nullable=True)
    failures: int = 0
    etag: str | None = None
    next_run_at: datetime = timestamp_column()
    last_upload_id: UUID | None = Field(None, foreign_key="uploads.id")
    updated_at: datetime = timestamp_column()
