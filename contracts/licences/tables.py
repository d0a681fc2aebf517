"""Tables of licences. Their counters are in `counters.py`."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, id_column, timestamp_column
from infra.unit_columns import QuotaColumns


class Licence(QuotaColumns, Table, table=True):
    """One licence, issued when both sides have signed; append-only. What stops it are stops on its links."""

    __tablename__ = "licences"
    __table_args__ = (sa.UniqueConstraint("agreement_id"),)

    id: UUID = id_column()
    agreement_id: UUID = Field(foreign_key="agreements.id")
    agreement_digest: str
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)
    operator_id: UUID = Field(foreign_key="organisations.id", index=True)
    buyer_id: UUID = Field(foreign_key="organisations.id", index=True)
    columns: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    purposes: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    issued_at: datetime = timestamp_column()


class LicenceToken(Table, table=True):
    """A token that was given out for a licence; append-only. The id is its ``jti``."""

    __tablename__ = "licence_tokens"

    licence_id: UUID = Field(foreign_key="licences.id", primary_key=True)
    id: UUID = Field(primary_key=True)
    issued_to: UUID
    issued_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column()
