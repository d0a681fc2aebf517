"""Table of service credits."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.service_credits.domain import PromiseKind


class ServiceCredit(Table, table=True):
    """A missed promise, once for each lapse or month; append-only.

    For freshness the period begins when the last data arrived and ends when the next was due, by the promise as it took
    effect; for availability it is a calendar month (UTC). ``detail`` holds the figures. What it is worth, settlement
    decides.
    """

    __tablename__ = "service_credits"
    __table_args__ = (sa.UniqueConstraint("product_id", "promise", "period_from"),)

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    promise: PromiseKind = enum_column(PromiseKind)
    period_from: datetime = timestamp_column()
    period_until: datetime = timestamp_column()
    detail: dict[str, Any] = json_column()
    recorded_at: datetime = timestamp_column()
    rules: list[dict[str, Any]] = json_column(default_factory=list)
