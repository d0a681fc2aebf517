"""Tables of metering, written by functions of the database's owner alone. The licence id comes first in their keys."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, timestamp_column
from infra.unit_columns import RecordColumns, UnitColumns


class UsageRecord(RecordColumns, Table, table=True):
    """One admitted call: what it counted by slot, in which period it counts, and the digest of what was asked.

    Partitioned by month of ``recorded_at``, the database's time at admission. ``record_id`` is unique within its
    licence, because only the admission function inserts and it does so under the licence's lock.
    """

    __tablename__ = "usage_records"
    __table_args__ = ({"postgresql_partition_by": "RANGE (recorded_at)"},)

    licence_id: UUID = Field(primary_key=True)
    record_id: UUID = Field(primary_key=True)
    recorded_at: datetime = Field(primary_key=True, sa_type=sa.DateTime(timezone=True))
    period_no: int
    product_id: UUID
    revision_id: UUID
    purpose: str
    client_id: UUID | None = None
    digest: bytes


class UsageKey(Table, table=True):
    """The first outcome under one ``Idempotency-Key`` of a licence."""

    __tablename__ = "usage_keys"

    licence_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    record_id: UUID
    recorded_at: datetime = timestamp_column()
    digest: bytes


class UsagePeriod(UnitColumns, Table, table=True):
    """A closed billing period of one licence with its totals; half-open, ``opened_at`` to ``closed_at`` (UTC)."""

    __tablename__ = "usage_periods"

    licence_id: UUID = Field(primary_key=True)
    period_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    opened_at: datetime = timestamp_column()
    closed_at: datetime = timestamp_column()


class UsagePurpose(UnitColumns, Table, table=True):
    """What a licence used for one purpose in one period.

    Of an open period only where the licence has several purposes; the one purpose of another gets its row when the
    period is closed. The rows of a closed period do not change any more.
    """

    __tablename__ = "usage_purposes"

    licence_id: UUID = Field(primary_key=True)
    period_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    purpose: str = Field(primary_key=True)
