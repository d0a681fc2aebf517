"""Tables of purges. What remains of a purged revision is its own row, emptied, with ``purged_at``."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column, uuid_array_column
from listings.purges.states import PurgeStatus


class PurgeOrder(Table, table=True):
    """An order of a regulator to destroy data: by one person, confirmed or rejected by another.

    :ivar whole_product: all revisions there are when it is confirmed; ``revision_ids`` names them then.
    :ivar order_sha256: digest of the order as it was issued, on paper or as a file.
    :ivar backups: which known backups hold the data, and whether they were marked; set when it is completed.
    """

    __tablename__ = "purge_orders"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('ordered', 'rejected') OR decided_by <> ordered_by", name="two_persons"
        ),
        sa.CheckConstraint("(status = 'ordered') = (decided_by IS NULL)", name="decided"),
    )

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    whole_product: bool
    revision_ids: list[UUID] = uuid_array_column()
    reason: str
    legal_basis: str
    order_sha256: str
    status: PurgeStatus = enum_column(PurgeStatus)
    ordered_by: UUID
    ordered_by_organisation: UUID
    ordered_at: datetime = timestamp_column()
    decided_by: UUID | None = None
    decided_by_organisation: UUID | None = None
    decided_at: datetime | None = timestamp_column(nullable=True)
    decision_reason: str | None = None
    completed_at: datetime | None = timestamp_column(nullable=True)
    backups: list[dict[str, Any]] = json_column(default_factory=list)


class Backup(Table, table=True):
    """A backup that was made of this installation, and where; written by ``market backup`` as the owner.

    :ivar folder: absolute path at that time.
    """

    __tablename__ = "backups"

    id: UUID = id_column()
    folder: str
    made_at: datetime = timestamp_column()
    manifest_sha256: str
