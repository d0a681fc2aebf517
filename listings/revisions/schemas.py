"""What goes in and out of revisions over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.messages import told, with_ids
from infra.schema import Output
from listings.ingest.result import Delimiter, Kind, Notice, TextEncoding
from listings.revisions.domain import recorded_options
from listings.revisions.tables import ProductRevision
from quality.states import QualityStatus


class ColumnRead(Output):
    """One column of a revision."""

    name: str
    original_name: str = Field(description="As the file gave it")
    kind: Kind
    physical: str = Field(description="Type of the Parquet column")
    nullable: bool
    zone: str | None = Field(description="UTC when the file's times carried offsets, else null: local times")


class IngestOptionsRead(Output):
    """What was stated about a file when it was uploaded; null was left to be detected."""

    strict: bool
    delimiter: Delimiter | None
    header: bool | None
    encoding: TextEncoding | None


class RevisionRead(Output):
    """One immutable revision of a product's data."""

    id: UUID
    product_id: UUID
    number: int
    sha256: str = Field(description="Digest of the stored Parquet file")
    bytes: int
    rows: int
    columns: list[ColumnRead]
    profile: dict[str, Any] = Field(description="What was found on the way in: per column, and notices")
    quality: QualityStatus = Field(description="Status of the quality check")
    quality_error: str | None = Field(
        description="Why the check could not be carried out, or the revision cannot be served"
    )
    stopped: list[str] = Field(
        description="Reasons of the stops now active on the revision: buyers read an earlier one meanwhile, if there is"
    )
    options: IngestOptionsRead = Field(description="What was stated about the file")
    source_name: str
    source_format: str
    source_sha256: str
    source_bytes: int
    uploaded_at: datetime

    @classmethod
    def of(
        cls,
        row: ProductRevision,
        quality: QualityStatus,
        quality_error: str | None,
        stopped: Sequence[str],
    ) -> "RevisionRead":
        """Map a row, the status of its quality check, why that could not be carried out, and why it is stopped."""
        hidden = {"object_key", "sample", "uploaded_by", "profile"}
        left_out = ("options", "row_bytes", "declared")
        profile = {name: value for name, value in row.profile.items() if name not in left_out}
        profile["notices"] = [_notice(notice, row.product_id) for notice in row.profile["notices"]]
        options = IngestOptionsRead.model_validate(recorded_options(row.profile))
        return cls(
            **row.model_dump(exclude=hidden),
            profile=profile,
            quality=quality,
            quality_error=quality_error,
            stopped=list(stopped),
            options=options,
        )


def _notice(document: dict[str, Any], product_id: UUID) -> dict[str, Any]:
    notice = Notice.from_json(document)
    return {
        "code": notice.code,
        "message": with_ids(told(notice.message), {"product_id": product_id}),
        "column": notice.column,
        "line": notice.line,
    }
