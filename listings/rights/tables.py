"""Table of rights."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.rights.domain import RightBasis, RightKind


class ResourceRight(Table, table=True):
    """One right to one resource, with the evidence it rests on; append-only.

    ``valid_until`` null means without end; ``evidence_kept_until`` null, that it was recorded before that was a rule.
    """

    __tablename__ = "resource_rights"

    id: UUID = id_column()
    resource_id: UUID = Field(foreign_key="data_resources.id", index=True)
    holder_id: UUID = Field(foreign_key="organisations.id")
    kind: RightKind = enum_column(RightKind)
    basis: RightBasis = enum_column(RightBasis)
    legal_basis: str
    evidence_sha256: str
    evidence_description: str
    valid_from: datetime = timestamp_column()
    valid_until: datetime | None = timestamp_column(nullable=True)
    recorded_at: datetime = timestamp_column()
    recorded_by: UUID
    evidence_kept_until: datetime | None = timestamp_column(nullable=True)
    rules: list[dict[str, Any]] = json_column(default_factory=list)
