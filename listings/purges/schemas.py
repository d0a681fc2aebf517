"""What goes in and out of purges over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.schema import Input, LongText, Output, Reason, Sha256Hex
from listings.purges.states import PurgeStatus
from listings.purges.tables import PurgeOrder
from listings.revisions.tables import ProductRevision


class PurgeOrderCreate(Input):
    """An order to destroy data that was published unlawfully."""

    revision_ids: list[UUID] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Revisions of the product; all there are when left out",
    )
    reason: Reason
    legal_basis: LongText = Field(description="The provisions that the order rests on")
    order_sha256: Sha256Hex = Field(description="Digest of the order as it was issued")


class TombstoneRead(Output):
    """What remains of a purged revision."""

    revision_id: UUID
    number: int
    sha256: str = Field(description="Digest of the Parquet file that was destroyed")
    source_sha256: str = Field(description="Digest of the file that was uploaded; it is not taken again")
    rows: int
    purged_at: datetime | None = Field(description="Null until the order is confirmed")

    @classmethod
    def of(cls, row: ProductRevision) -> Self:
        """Map a row."""
        return cls(
            revision_id=row.id,
            **row.model_dump(include={"number", "sha256", "source_sha256", "rows", "purged_at"}),
        )


class DataCopyRead(Output):
    """The same data in another product."""

    product_id: UUID
    revision_id: UUID


class MarkedBackupRead(Output):
    """A backup that was made before, as far as it can be looked into."""

    folder: str = Field(description="Where it was made")
    made_at: datetime
    holds: bool | None = Field(
        description="Whether it holds a purged file, by digest; null: it is not there any more"
    )
    marked: bool = Field(
        description="Whether a restore of it where it is purges the data again, without being told"
    )


class PurgeOrderRead(Output):
    """An order to destroy data, and what became of it."""

    id: UUID
    product_id: UUID
    whole_product: bool
    reason: str
    legal_basis: str
    order_sha256: str
    status: PurgeStatus
    ordered_by: UUID
    ordered_by_organisation: UUID
    ordered_at: datetime
    decided_by: UUID | None
    decided_by_organisation: UUID | None
    decided_at: datetime | None
    decision_reason: str | None
    completed_at: datetime | None = Field(description="When the files were gone, too")
    revisions: list[TombstoneRead] = Field(description="Those that were named, and others with the same data")
    copies: list[DataCopyRead] = Field(
        description="The same data in other products, which takes orders of their own"
    )
    backups: list[MarkedBackupRead] = Field(description="Known backups that were made before")

    @classmethod
    def of(cls, order: PurgeOrder, rows: list[ProductRevision], copies: list[ProductRevision]) -> Self:
        """Map an order, its revisions, and those of other products with the same data."""
        return cls(
            **order.model_dump(exclude={"revision_ids", "backups"}),
            revisions=[TombstoneRead.of(row) for row in rows],
            copies=[DataCopyRead(product_id=row.product_id, revision_id=row.id) for row in copies],
            backups=[MarkedBackupRead.model_validate(backup) for backup in order.backups],
        )
