"""The table of heartbeats."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, id_column, timestamp_column


class WorkerHeartbeat(Table, table=True):
    """One worker process; deleted when it ends in order, and a day after it was last seen.

    :ivar down: its components that are down, by name.
    """

    __tablename__ = "worker_heartbeats"

    id: UUID = id_column()
    host: str = Field(max_length=255)
    process: int
    started_at: datetime = timestamp_column()
    last_seen_at: datetime = timestamp_column(index=True)
    down: list[str] = Field(sa_type=sa.ARRAY(sa.String))
