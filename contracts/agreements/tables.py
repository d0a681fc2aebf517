"""Tables of agreements."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from contracts.agreements.states import AgreementStatus
from infra.db import Table, enum_column, id_column, json_column, timestamp_column


class Agreement(Table, table=True):
    """One agreement. ``document`` holds the terms and never changes; ``digest`` is what both sides sign."""

    __tablename__ = "agreements"

    id: UUID = id_column()
    status: AgreementStatus = enum_column(AgreementStatus)
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)
    operator_id: UUID = Field(foreign_key="organisations.id", index=True)
    buyer_id: UUID = Field(foreign_key="organisations.id", index=True)
    document: dict[str, Any] = json_column()
    digest: str
    rules: list[dict[str, Any]] = json_column(default_factory=list)
    requested_at: datetime = timestamp_column()
    requested_by: UUID
    finalized_at: datetime | None = timestamp_column(nullable=True)
    terminated_at: datetime | None = timestamp_column(nullable=True)
    termination_reason: str | None = None


class AgreementSignature(Table, table=True):
    """One side's signature; append-only. ``witness`` is a JWS of the platform over who signed what, and when."""

    __tablename__ = "agreement_signatures"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "organisation_id"),)

    id: UUID = id_column()
    agreement_id: UUID = Field(foreign_key="agreements.id")
    organisation_id: UUID
    signed_by: UUID
    digest: str
    witness: str
    signed_at: datetime = timestamp_column()
    rules: list[dict[str, Any]] = json_column(default_factory=list)
