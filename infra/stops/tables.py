"""Table of stops."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from infra.db import Table, id_column, timestamp_column


class Stop(Table, table=True):
    """One stop on one thing; active from ``begins_at`` on, while ``lifted_at`` is null. Several may be active at once.

    One that begins later than it was placed is an end in time: it needs no job to be exact. A ``final`` one stands for
    an end (a termination, a revocation) and is never lifted.
    """

    __tablename__ = "stops"
    __table_args__ = (
        sa.Index("ix_stops_active", "subject_id", "begins_at", postgresql_where=sa.text("lifted_at IS NULL")),
        sa.Index(
            "uq_stops_registration",
            "subject_id",
            unique=True,
            postgresql_where=sa.text("subject_kind = 'registration' AND lifted_at IS NULL"),
        ),
        sa.CheckConstraint("begins_at >= placed_at AND (NOT final OR begins_at = placed_at)", name="begins"),
    )

    id: UUID = id_column()
    subject_kind: str
    subject_id: UUID
    reason: str
    final: bool = False
    placed_by: UUID
    placed_by_organisation: UUID
    placed_at: datetime = timestamp_column()
    begins_at: datetime = timestamp_column()
    lifted_at: datetime | None = timestamp_column(nullable=True)
    lifted_by: UUID | None = None
    lift_reason: str | None = None
