"""Tables of metering, written by functions of the database's owner alone. The licence id comes first in their keys."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, timestamp_column
from infra.unit_columns import RecordColumns, UnitColumns
from market.metering.domain import CloseReason, UsageCreditReason


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
    scenario: str | None = None
    region: str | None = None
    client_id: UUID | None = None
    digest: bytes


class UsageKey(Table, table=True):
    """The first outcome under one ``Idempotency-Key`` of a licence; once that was credited, the outcome that counts."""

    __tablename__ = "usage_keys"

    licence_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    record_id: UUID
    recorded_at: datetime = timestamp_column()
    digest: bytes


class UsagePeriod(UnitColumns, Table, table=True):
    """A closed billing period of one licence with its totals; half-open, ``opened_at`` to ``closed_at`` (UTC).

    ``month`` is the first day of its calendar month in the market's time zone; null of a period from before periods
    were months. ``close_reason`` says why it was closed before its end. ``after_end``: it began when the contract had
    ended already, so that it holds only calls that came in between the end and its commit. Credits lower its totals
    until ``confirmed_at``, when each of its calls is accounted for; from then on it does not change and can be billed.
    """

    __tablename__ = "usage_periods"
    __table_args__ = (sa.UniqueConstraint("licence_id", "month"),)

    licence_id: UUID = Field(primary_key=True)
    period_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    month: date | None = None
    opened_at: datetime = timestamp_column()
    closed_at: datetime = timestamp_column()
    close_reason: CloseReason | None = enum_column(CloseReason, default=None, nullable=True)
    close_note: str | None = None
    after_end: bool = False
    confirmed_at: datetime | None = timestamp_column(nullable=True)


class UsagePurpose(UnitColumns, Table, table=True):
    """What a licence used for one purpose in one period.

    Of an open period only where the licence has several purposes; the one purpose of another gets its row when the
    period is closed. The rows of a confirmed period do not change any more.
    """

    __tablename__ = "usage_purposes"

    licence_id: UUID = Field(primary_key=True)
    period_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    purpose: str = Field(primary_key=True)


class UsageCredit(UnitColumns, Table, table=True):
    """A usage record that is taken back: the call was recorded and not answered. Once a record; append-only.

    :ivar units_1: and the others: what the record counted, which the quota has back.
    :ivar period_no: the licence's period that counts so much less: the one its call was recorded in.
    """

    __tablename__ = "usage_credits"

    licence_id: UUID = Field(primary_key=True)
    record_id: UUID = Field(primary_key=True)
    credited_at: datetime = timestamp_column()
    reason: UsageCreditReason = enum_column(UsageCreditReason)
    purpose: str
    period_no: int


class UsageRepeat(Table, table=True):
    """A usage record whose key came again: it was answered then, or will be, and is not credited. Append-only."""

    __tablename__ = "usage_repeats"

    licence_id: UUID = Field(primary_key=True)
    record_id: UUID = Field(primary_key=True)
    repeated_at: datetime = timestamp_column()


class MeteringProcess(Table, table=True):
    """What a process that admits calls last said of its answers, a second or two behind.

    :ivar id: the last four bytes of the record ids it makes.
    :ivar decided_through: of the records it made up to here, all were answered but those listed.
    :ivar licence_ids: of those listed in ``record_ids``, in their order.
    :ivar suspected_at: it has not been heard of for a while.
    :ivar ended_at: it ended in order, or its last records were credited.
    """

    __tablename__ = "metering_processes"

    id: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    started_at: datetime = timestamp_column()
    seen_at: datetime = timestamp_column()
    decided_through: UUID
    licence_ids: list[UUID] = Field(sa_type=sa.ARRAY(sa.Uuid), nullable=False)
    record_ids: list[UUID] = Field(sa_type=sa.ARRAY(sa.Uuid), nullable=False)
    suspected_at: datetime | None = timestamp_column(nullable=True)
    ended_at: datetime | None = timestamp_column(nullable=True)
