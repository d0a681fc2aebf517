"""The outbox."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from infra.mail.domain import MailStatus


class Mail(Table, table=True):
    """A mail to one address. What it says is written when it is sent, from ``kind`` and ``detail``.

    So a secret that a mail carries is made at that moment and stands nowhere else.
    """

    __tablename__ = "mails"
    __table_args__: ClassVar[tuple[sa.schema.SchemaItem, ...]] = (
        sa.Index("ix_mails_due", "due_at", postgresql_where=sa.text("status = 'pending'")),
    )

    id: UUID = id_column()
    kind: str
    recipient: str
    detail: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    status: MailStatus = enum_column(MailStatus)
    attempts: int
    created_at: datetime = timestamp_column()
    due_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column()
    completed_at: datetime | None = timestamp_column(nullable=True)
    last_error: str | None = None
