"""Tables of enforcement."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.enforcement.states import EnforcementAction, EnforcementGround, EnforcementStatus


class EnforcementProcedure(Table, table=True):
    """A procedure against a product; at most one that is open at a time.

    :ivar detail: figures that it was opened by.
    :ivar due_at: when its next step is due; None once it ended, while the product is delisted, and once its operator
        has withdrawn it.
    :ivar delisted: whether it was this procedure that took the product off the market.
    """

    __tablename__ = "enforcement_procedures"
    __table_args__ = (
        sa.Index(
            "uq_enforcement_procedures_open",
            "product_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index("ix_enforcement_procedures_product_id", "product_id", "id"),
        sa.CheckConstraint("(ended_at IS NOT NULL) = (status IN ('cured', 'terminated'))", name="ended"),
    )

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    ground: EnforcementGround = enum_column(EnforcementGround)
    detail: dict[str, Any] = json_column()
    status: EnforcementStatus = enum_column(EnforcementStatus)
    opened_at: datetime = timestamp_column()
    due_at: datetime | None = timestamp_column(nullable=True)
    delisted: bool = False
    ended_at: datetime | None = timestamp_column(nullable=True)
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class EnforcementStep(Table, table=True):
    """One step of a procedure, with its notice; append-only.

    :ivar reason: of whoever decided; None of what the clock or the data brought.
    """

    __tablename__ = "enforcement_steps"

    procedure_id: UUID = Field(foreign_key="enforcement_procedures.id", primary_key=True)
    number: int = Field(primary_key=True)
    action: EnforcementAction = enum_column(EnforcementAction)
    status: EnforcementStatus = enum_column(EnforcementStatus)
    reason: str | None = None
    taken_by: UUID
    taken_by_organisation: UUID
    taken_at: datetime = timestamp_column()
    due_at: datetime | None = timestamp_column(nullable=True)
