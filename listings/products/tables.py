"""Table of data products."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.products.states import ProductStatus
from listings.resources.domain import Classification, UpdateFrequency


class DataProduct(Table, table=True):
    """One data product of an operator, made of one resource under one authorisation.

    What it says and offers is the edition in force, which ``edition_id`` names and the database compares it with; while
    it is a draft, what is being written.
    ``theme_axes`` are those of its themes; ``purposes`` and ``delivery_classes`` are sorted codes.

    ``owner_id`` is the resource's owner. ``dictionary`` holds described columns only, ``declared_columns`` those whose
    types were declared (`listings.products.columns.DeclaredColumn`). ``quality_suite_id`` is the version of its suite
    by which revisions are judged, None before there is one. ``classification`` is that of what is offered, None before
    publication.
    """

    __tablename__ = "data_products"
    __table_args__ = (
        sa.CheckConstraint(
            "status <> 'published' OR (plan_id IS NOT NULL AND published_at IS NOT NULL)",
            name="published_complete",
        ),
        sa.Index("ix_data_products_themes", "themes", postgresql_using="gin"),
        sa.CheckConstraint("cardinality(delivery_classes) > 0", name="delivered_somehow"),
        sa.CheckConstraint("cardinality(purposes) > 0", name="offered_for_something"),
        sa.Index("ix_data_products_published", "id", postgresql_where=sa.text("status = 'published'")),
        sa.Index(
            "ix_data_products_submitted", "submitted_at", postgresql_where=sa.text("status = 'submitted'")
        ),
    )

    id: UUID = id_column()
    operator_id: UUID = Field(foreign_key="organisations.id", index=True)
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)
    resource_id: UUID = Field(foreign_key="data_resources.id", index=True)
    authorisation_id: UUID = Field(foreign_key="authorisations.id", index=True)
    status: ProductStatus = enum_column(ProductStatus)
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    themes: list[str] = Field(sa_type=ARRAY(sa.String), nullable=False)
    update_frequency: UpdateFrequency = enum_column(UpdateFrequency)
    theme_axes: list[str] = Field(sa_type=ARRAY(sa.String), nullable=False)
    delivery_classes: list[str] = Field(sa_type=ARRAY(sa.String), nullable=False)
    purposes: list[str] = Field(sa_type=ARRAY(sa.String), nullable=False)
    dictionary: list[dict[str, Any]] = json_column(default_factory=list)
    declared_columns: list[dict[str, Any]] = json_column(default_factory=list)
    classification: Classification | None = enum_column(Classification, default=None, nullable=True)
    plan_id: UUID | None = Field(default=None, foreign_key="price_plans.id")
    quality_suite_id: UUID | None = Field(default=None, foreign_key="quality_suites.id")
    edition_id: UUID | None = None
    created_at: datetime = timestamp_column()
    created_by: UUID
    submitted_at: datetime | None = timestamp_column(nullable=True)
    submitted_by: UUID | None = None
    reviewed_at: datetime | None = timestamp_column(nullable=True)
    reviewed_by: UUID | None = None
    review_note: str | None = None
    published_at: datetime | None = timestamp_column(nullable=True)
    rules: list[dict[str, Any]] = json_column(default_factory=list)
