"""Table of broken promises that were told."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, timestamp_column


class OverdueNotice(Table, table=True):
    """The parties of a product were told that nothing came after its data of ``arrived_at``; append-only."""

    __tablename__ = "overdue_notices"

    product_id: UUID = Field(foreign_key="data_products.id", primary_key=True)
    arrived_at: datetime = Field(sa_type=sa.DateTime(timezone=True), primary_key=True)
    due_at: datetime = timestamp_column()
    told_at: datetime = timestamp_column()
