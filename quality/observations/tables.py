"""Tables of observations. Products are opaque ids: quality does not know what a product is."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, timestamp_column


class TimelinessObservation(Table, table=True):
    """How the arrivals of a product's data compare with its promise, as it was seen last."""

    __tablename__ = "timeliness_observations"
    __table_args__ = (sa.CheckConstraint("in_time BETWEEN 0 AND periods", name="counts"),)

    product_id: UUID = Field(primary_key=True)
    in_time: int
    periods: int
    observed_at: datetime = timestamp_column()


class CallObservation(Table, table=True):
    """Data calls of a product within an hour (UTC), over all processes."""

    __tablename__ = "call_observations"
    __table_args__ = (sa.CheckConstraint("succeeded BETWEEN 0 AND calls", name="counts"),)

    product_id: UUID = Field(primary_key=True)
    hour: datetime = Field(sa_type=sa.DateTime(timezone=True), primary_key=True)
    calls: int = Field(sa_type=sa.BigInteger)
    succeeded: int = Field(sa_type=sa.BigInteger)
    milliseconds: int = Field(sa_type=sa.BigInteger)
