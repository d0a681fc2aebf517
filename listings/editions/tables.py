"""Tables of editions, of their reviews, and of what was said in these."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.editions.states import EditionStatus, ReviewDecision


class ProductEdition(Table, table=True):
    """One edition of a product. ``document`` and ``digest`` change in a draft only, which the database sees to.

    ``number`` counts the editions that took effect, from 1; ``based_on_id`` is the one in force when this one was
    drafted, None of the first.
    """

    __tablename__ = "product_editions"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "number"),
        sa.CheckConstraint(
            "(status IN ('in_force', 'superseded')) = (number IS NOT NULL)"
            " AND (number IS NULL) = (effective_at IS NULL)"
            " AND (status = 'superseded') = (superseded_at IS NOT NULL)",
            name="numbered_in_force",
        ),
        sa.Index(
            "uq_product_editions_open",
            "product_id",
            unique=True,
            postgresql_where=sa.text("status IN ('draft', 'submitted')"),
        ),
        sa.Index(
            "uq_product_editions_in_force",
            "product_id",
            unique=True,
            postgresql_where=sa.text("status = 'in_force'"),
        ),
    )

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    based_on_id: UUID | None = Field(default=None, foreign_key="product_editions.id")
    number: int | None = None
    status: EditionStatus = enum_column(EditionStatus)
    document: dict[str, Any] = json_column()
    digest: str
    created_at: datetime = timestamp_column()
    created_by: UUID
    submitted_at: datetime | None = timestamp_column(nullable=True)
    submitted_by: UUID | None = None
    reviewed_at: datetime | None = timestamp_column(nullable=True)
    reviewed_by: UUID | None = None
    review_note: str | None = None
    effective_at: datetime | None = timestamp_column(nullable=True)
    superseded_at: datetime | None = timestamp_column(nullable=True)
    withdrawal_reason: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class EditionReview(Table, table=True):
    """One decision about an edition as it was submitted; append-only.

    ``revision_id`` is the revision that was looked at. ``reviewed_by_organisation`` is None for decisions from before
    it was recorded.
    """

    __tablename__ = "edition_reviews"

    id: UUID = id_column()
    edition_id: UUID = Field(foreign_key="product_editions.id", index=True)
    decision: ReviewDecision = enum_column(ReviewDecision)
    document: dict[str, Any] = json_column()
    digest: str
    revision_id: UUID | None = None
    submitted_at: datetime = timestamp_column()
    submitted_by: UUID
    reviewed_at: datetime = timestamp_column()
    reviewed_by: UUID
    reviewed_by_organisation: UUID | None = None
    note: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class EditionRemark(Table, table=True):
    """What a review said of one field; append-only."""

    __tablename__ = "edition_remarks"

    id: UUID = id_column()
    review_id: UUID = Field(foreign_key="edition_reviews.id", index=True)
    field: str
    remark: str


class EditionExplanation(Table, table=True):
    """Why a field stays as it is although a reviewer remarked on it; append-only, the newest counts."""

    __tablename__ = "edition_explanations"

    id: UUID = id_column()
    remark_id: UUID = Field(foreign_key="edition_remarks.id", index=True)
    explanation: str
    explained_by: UUID
    explained_at: datetime = timestamp_column()
