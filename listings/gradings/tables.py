"""Table of what happened to the classes of columns; append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.gradings.domain import GradingAction, ImpactDegree, ImpactObject
from listings.resources.domain import Classification


class ColumnGrading(Table, table=True):
    """One event of a column's class: a request, a decision about one, its revocation, or a raise.

    ``request_id`` is of the request that is decided or revoked. ``classification`` is what was asked for, or what the
    column has from then on; ``before`` what it had, ``resource_classification`` what its resource had.
    """

    __tablename__ = "column_gradings"
    __table_args__ = (
        sa.Index("ix_column_gradings_resource", "resource_id", "id"),
        sa.Index(
            "uq_column_gradings_decided",
            "request_id",
            unique=True,
            postgresql_where=sa.text("action IN ('approved', 'rejected', 'withdrawn')"),
        ),
        sa.Index(
            "uq_column_gradings_revoked",
            "request_id",
            unique=True,
            postgresql_where=sa.text("action = 'revoked'"),
        ),
        sa.CheckConstraint(
            "(action IN ('requested', 'raised')) = (request_id IS NULL)", name="request_named"
        ),
    )

    id: UUID = id_column()
    resource_id: UUID = Field(foreign_key="data_resources.id")
    column_name: str
    request_id: UUID | None = Field(default=None, foreign_key="column_gradings.id")
    action: GradingAction = enum_column(GradingAction)
    classification: Classification = enum_column(Classification)
    before: str
    resource_classification: str
    impact_object: ImpactObject | None = enum_column(ImpactObject, default=None, nullable=True)
    impact_degree: ImpactDegree | None = enum_column(ImpactDegree, default=None, nullable=True)
    reason: str
    acted_by: UUID
    acted_by_organisation: UUID
    acted_at: datetime = timestamp_column()
    rules: list[dict[str, Any]] = json_column(default_factory=list)
