"""Tables of samples, of what was decided about them, and of the products' secrets for hashing."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, id_column, json_column, timestamp_column
from infra.secrets import EncryptedText


class ProductSample(Table, table=True):
    """One sample of a revision, stored as it is shown.

    ``spec`` is how it was drawn (`domain.DrawSpec`), ``mask_rules`` by which rules it was masked, ``classes`` what the
    columns were then. ``carried_from_id`` is the approved sample whose draw was repeated on a later revision.
    """

    __tablename__ = "product_samples"
    __table_args__ = (sa.Index("ix_product_samples_revision", "revision_id", "id"),)

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    revision_id: UUID = Field(foreign_key="product_revisions.id")
    carried_from_id: UUID | None = Field(default=None, foreign_key="product_samples.id")
    spec: dict[str, Any] = json_column()
    mask_rules: dict[str, Any] = json_column()
    classes: dict[str, Any] = json_column()
    rows: list[dict[str, Any]] = json_column(default_factory=list)
    drawn_by: UUID
    drawn_by_organisation: UUID
    drawn_at: datetime = timestamp_column()


class SampleDecision(Table, table=True):
    """What a second person decided about a sample; append-only, one for each."""

    __tablename__ = "sample_decisions"

    sample_id: UUID = Field(foreign_key="product_samples.id", primary_key=True)
    approved: bool
    reason: str | None = None
    decided_by: UUID
    decided_by_organisation: UUID
    decided_at: datetime = timestamp_column()


class SampleKey(Table, table=True):
    """The secret by which a product's values are hashed in samples."""

    __tablename__ = "sample_keys"

    product_id: UUID = Field(foreign_key="data_products.id", primary_key=True)
    secret: str = Field(sa_type=EncryptedText("sample_keys.secret"), nullable=False)
