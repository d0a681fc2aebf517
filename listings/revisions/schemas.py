"""What goes in and out of revisions over HTTP."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.messages import told, with_ids
from infra.schema import DecimalText, Output
from listings.ingest.result import DecimalMark, Delimiter, Kind, Notice, Quote, TextEncoding
from listings.revisions.differences import ColumnChange, ColumnDifference
from listings.revisions.domain import SchemaNotice, recorded_options
from listings.revisions.history import PastRevision, RevisionDifferences
from listings.revisions.states import ChangeStatus, RevisionStatus
from listings.revisions.tables import ProductRevision, SchemaChange
from quality.runs.states import QualityStatus


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
    quote: Quote | None
    decimal_mark: DecimalMark | None
    null_words: list[str]
    lenient: bool


class ColumnDifferenceRead(Output):
    """One column that is not what it was."""

    name: str
    change: ColumnChange
    before: str | None = Field(description="Its type before; null for a new column")
    now: str | None = Field(description="Its type now; null for a column that is gone")
    breaking: bool = Field(description="Whether programs written for the former revision may not survive it")

    @classmethod
    def of(cls, found: Iterable[ColumnDifference]) -> "list[ColumnDifferenceRead]":
        """Map what differs."""
        return [cls.model_validate(column) for column in found]


class ValueDifferenceRead(Output):
    """How the values of a column that both revisions have differ."""

    name: str
    null_share_before: DecimalText | None = Field(description="Share of missing values, 0 to 1")
    null_share: DecimalText | None = Field(description="Share of missing values, 0 to 1")
    measure: str | None = Field(
        description="kolmogorov-smirnov for numbers and dates, to a step of 0.05; total-variation over the most"
        " frequent values for text and truth values; null where a revision has no distribution on record"
    )
    distance: DecimalText | None = Field(description="0: distributed as before, 1: nothing in common")


class DifferencesRead(Output):
    """What differs between a revision and the one that buyers relied on when it was registered."""

    revision_id: UUID
    number: int
    compared_with: UUID | None = Field(description="Null for the first revision, which differs from nothing")
    compared_with_number: int | None
    breaking: bool
    rows: int
    rows_before: int | None
    columns: list[ColumnDifferenceRead] = Field(
        description="Columns added, removed, retyped, widened or narrowed"
    )
    values: list[ValueDifferenceRead] = Field(description="One entry for each column of both")

    @classmethod
    def of(cls, found: RevisionDifferences) -> "DifferencesRead":
        """Map what was compared."""
        before, differing = found.before, found.differences
        return cls(
            revision_id=found.row.id,
            number=found.row.number,
            compared_with=before.id if before else None,
            compared_with_number=before.number if before else None,
            breaking=differing.breaking if differing else False,
            rows=found.row.rows,
            rows_before=before.rows if before else None,
            columns=ColumnDifferenceRead.of(differing.columns) if differing else [],
            values=[ValueDifferenceRead.model_validate(one) for one in differing.values] if differing else [],
        )


class SchemaChangeRead(Output):
    """A change of a product's columns that programs may not survive, and where it stands."""

    revision_id: UUID = Field(description="The first revision that follows the new schema")
    schema_version: int
    status: ChangeStatus = Field(
        description="A proposed one waits for its operator to announce it; an announced one is in force from"
        " effective_at on"
    )
    breaking: list[ColumnDifferenceRead]
    announced_at: datetime | None
    effective_at: datetime | None
    reason: str | None
    withdrawal_reason: str | None

    @classmethod
    def of(cls, row: SchemaChange) -> "SchemaChangeRead":
        """Map a row."""
        kept = {"revision_id", "status", "announced_at", "effective_at", "reason", "withdrawal_reason"}
        return cls(
            **row.model_dump(include=kept),
            schema_version=row.version,
            breaking=ColumnDifferenceRead.of(ColumnDifference.from_json(item) for item in row.breaking),
        )


class SchemaNoticeRead(Output):
    """A change of a product's columns that was announced and is not in force yet."""

    revision_id: UUID = Field(description="The first revision that follows the new schema; it can be pinned")
    announced_at: datetime
    effective_at: datetime = Field(description="From this moment on the new schema is the latest")
    reason: str
    breaking: list[ColumnDifferenceRead]

    @classmethod
    def of(cls, notice: SchemaNotice) -> "SchemaNoticeRead":
        """Map a notice."""
        return cls(
            revision_id=notice.revision_id,
            announced_at=notice.announced_at,
            effective_at=notice.effective_at,
            reason=notice.reason,
            breaking=ColumnDifferenceRead.of(notice.breaking),
        )


class CatalogueRevisionRead(Output):
    """One revision of a product on the market, for everybody."""

    id: UUID
    number: int
    schema_version: int
    status: RevisionStatus
    reason: str | None = Field(description="Why it was suspended, recalled or purged")
    rows: int
    sha256: str = Field(description="Digest of the stored Parquet file")
    uploaded_at: datetime
    effective_at: datetime | None = Field(
        description="When its schema came or comes into force, if that was announced"
    )
    compared_with: UUID | None = Field(
        description="The revision that it is compared with; null for the first one"
    )
    rows_before: int | None
    columns: list[ColumnDifferenceRead] = Field(
        description="Columns added, removed, retyped, widened or narrowed"
    )
    values: list[ValueDifferenceRead] = Field(
        description="How values differ, column by column; masked columns are left out"
    )

    @classmethod
    def of(cls, past: PastRevision) -> "CatalogueRevisionRead":
        """Map a revision with where it stands and what differs."""
        row, before, found = past.row, past.differences.before, past.differences.differences
        return cls(
            **row.model_dump(include={"id", "number", "schema_version", "rows", "sha256", "uploaded_at"}),
            status=past.status,
            reason=past.reason,
            effective_at=past.effective_at,
            compared_with=before.id if before else None,
            rows_before=before.rows if before else None,
            columns=ColumnDifferenceRead.of(found.columns) if found else [],
            values=[
                ValueDifferenceRead.model_validate(one)
                for one in (found.values if found else ())
                if one.name not in past.masked
            ],
        )


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
    schema_version: int = Field(description="Which of the product's schemas it follows, from 1")
    change: SchemaChangeRead | None = Field(
        description="The breaking change that its schema began with; null for the product's first schema"
    )
    purged_at: datetime | None = Field(
        description="When its data was purged; what is left of it is the tombstone"
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
        change: SchemaChange | None,
    ) -> "RevisionRead":
        """Map a row, the status of its quality check, why that could not be carried out, and why it is stopped.

        :param change: that its schema began with.
        """
        hidden = {"object_key", "sample", "uploaded_by", "profile", "previous_id"}
        left_out = ("options", "row_bytes", "declared", "sample_rules", "sample_detected")
        profile = {name: value for name, value in row.profile.items() if name not in left_out}
        profile["notices"] = [_notice(notice, row.product_id) for notice in row.profile["notices"]]
        options = IngestOptionsRead.model_validate(recorded_options(row.profile))
        return cls(
            **row.model_dump(exclude=hidden),
            profile=profile,
            quality=quality,
            quality_error=None if quality_error is None else told(quality_error),
            stopped=list(stopped),
            change=SchemaChangeRead.of(change) if change else None,
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
