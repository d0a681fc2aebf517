"""Tables of domain events and their deliveries."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column, uuid_array_column
from infra.events.domain import DeliveryStatus


class EventSubject(Table, table=True):
    """Counts the events of one thing. Its row lock makes the order of the numbers the order of the commits."""

    __tablename__ = "event_subjects"

    subject_id: UUID = Field(primary_key=True)
    last_sequence: int = Field(sa_type=sa.BigInteger)


class EventRow(Table, table=True):
    """One event; append-only."""

    __tablename__ = "events"
    __table_args__ = (sa.UniqueConstraint("subject_id", "sequence"),)

    id: UUID = id_column()
    kind: str
    subject_kind: str
    subject_id: UUID
    sequence: int = Field(sa_type=sa.BigInteger)
    organisations: list[UUID] = uuid_array_column()
    payload: dict[str, Any] = json_column()
    occurred_at: datetime = timestamp_column()
    traceparent: str | None = None


class EventOutbox(Table, table=True):
    """An event that the worker has not yet given to its subscribers."""

    __tablename__ = "event_outbox"

    position: int | None = Field(
        None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    )
    event_id: UUID = Field(foreign_key="events.id")


class EventDelivery(Table, table=True):
    """One event for one subscriber: completed in the transaction of what the subscriber did about it."""

    __tablename__ = "event_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("subscriber", "event_id"),
        sa.Index("ix_event_deliveries_due", "due_at", postgresql_where=sa.text("status = 'pending'")),
        sa.Index(
            "ix_event_deliveries_open",
            "subscriber",
            "subject_id",
            "sequence",
            postgresql_where=sa.text("status IN ('pending', 'dead')"),
        ),
        sa.Index("ix_event_deliveries_dead", "id", postgresql_where=sa.text("status = 'dead'")),
        sa.Index(
            "ix_event_deliveries_done",
            "updated_at",
            postgresql_where=sa.text("status IN ('delivered', 'dropped')"),
        ),
    )

    id: UUID = id_column()
    subscriber: str
    event_id: UUID = Field(foreign_key="events.id")
    subject_id: UUID
    sequence: int = Field(sa_type=sa.BigInteger)
    status: DeliveryStatus = enum_column(DeliveryStatus)
    attempts: int = 0
    due_at: datetime = timestamp_column()
    updated_at: datetime = timestamp_column()
    last_error: str | None = None
