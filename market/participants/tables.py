"""Tables of onboarding."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.participants.states import AppealStatus, FactorResetStatus, RecoveryStatus


class Appeal(Table, table=True):
    """An organisation's objection to its suspension; one at a time is open."""

    __tablename__ = "appeals"
    __table_args__: ClassVar[tuple[sa.schema.SchemaItem, ...]] = (
        sa.Index(
            "uq_appeals_open", "organisation_id", unique=True, postgresql_where=sa.text("status = 'open'")
        ),
    )

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    text: str
    document_sha256: str | None = None
    status: AppealStatus = enum_column(AppealStatus)
    lodged_by: UUID
    lodged_at: datetime = timestamp_column()
    decided_by: UUID | None = None
    decided_at: datetime | None = timestamp_column(nullable=True)
    decision_reason: str | None = None


class Recovery(Table, table=True):
    """A new administrator for an organisation whose own are lost: requested, approved by another officer, delayed."""

    __tablename__ = "recoveries"
    __table_args__: ClassVar[tuple[sa.schema.SchemaItem, ...]] = (
        sa.Index(
            "uq_recoveries_open",
            "organisation_id",
            unique=True,
            postgresql_where=sa.text("status IN ('requested', 'approved')"),
        ),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="two_officers"),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'completed') OR effective_at IS NOT NULL", name="approved_first"
        ),
    )

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    email: str
    evidence_sha256: str
    reason: str
    status: RecoveryStatus = enum_column(RecoveryStatus)
    requested_by: UUID
    requested_at: datetime = timestamp_column()
    approved_by: UUID | None = None
    approved_at: datetime | None = timestamp_column(nullable=True)
    approval_reason: str | None = None
    effective_at: datetime | None = timestamp_column(nullable=True)
    cancelled_by: UUID | None = None
    cancelled_at: datetime | None = timestamp_column(nullable=True)
    cancellation_reason: str | None = None
    completed_at: datetime | None = timestamp_column(nullable=True)
    invitation_id: UUID | None = None


class FactorReset(Table, table=True):
    """A member's lost second factor, taken away by another administrator; on the platform by two.

    ``ended_by`` completed or cancelled it.
    """

    __tablename__ = "second_factor_resets"
    __table_args__: ClassVar[tuple[sa.schema.SchemaItem, ...]] = (
        sa.Index(
            "uq_second_factor_resets_open",
            "person_id",
            unique=True,
            postgresql_where=sa.text("status = 'requested'"),
        ),
        sa.CheckConstraint("requested_by <> person_id", name="another_person"),
    )

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    person_id: UUID = Field(foreign_key="people.id")
    reason: str
    status: FactorResetStatus = enum_column(FactorResetStatus)
    requested_by: UUID
    requested_at: datetime = timestamp_column()
    ended_by: UUID | None = None
    ended_at: datetime | None = timestamp_column(nullable=True)
