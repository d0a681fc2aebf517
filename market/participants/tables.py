"""Tables of onboarding."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from market.participants.states import AppealStatus


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
