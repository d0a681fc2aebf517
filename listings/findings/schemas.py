"""What goes in and out of findings over HTTP."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.schema import Input, Output, Reason, ShortText
from listings.findings.domain import Finding, FindingStatus
from listings.ingest.personal import ContentKind


class FindingDecision(Input):
    """What is said of one finding."""

    column: ShortText = Field(description="Name of the column in the data")
    kind: ContentKind
    reason: Reason


class PersonalColumnsCreate(Input):
    """Columns to declare as personal."""

    columns: list[ShortText] = Field(min_length=1, max_length=2000)


class PersonalColumnsRead(Output):
    """Columns that were declared as personal besides the dictionary."""

    columns: list[str]


class FindingRead(Output):
    """Personal information that was detected in a column."""

    column: str
    kind: ContentKind
    values: int = Field(description="Values that hold it, of those looked at")
    examined: int = Field(description="Values that were looked at")
    status: FindingStatus
    reason: str | None = Field(description="Of the newest decision")

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "list[FindingRead]":
        """Map findings."""
        return [
            cls(**finding.detected.to_json(), status=finding.status, reason=finding.reason)
            for finding in findings
        ]


class FindingList(Output):
    """The findings of a product's newest revision."""

    items: list[FindingRead]


class ContestedFinding(Output):
    """A finding that waits for a regulator."""

    id: UUID
    product_id: UUID
    column_name: str
    kind: ContentKind
    reason: str
    decided_by: UUID = Field(description="Who contested it")
    decided_at: datetime


class SampleRead(Output):
    """The sample of a revision, as everybody will see it."""

    revision_id: UUID
    rows: list[dict[str, Any]] = Field(description="First rows, personal information masked")
    masked: list[str] = Field(description="Columns that are masked: declared as personal, or detected")
    findings: list[FindingRead] = Field(
        description="Personal information that was detected in the whole file"
    )
    withheld: bool = Field(
        description="Whether the revision is shown to nobody, since findings contradict what was declared"
    )
