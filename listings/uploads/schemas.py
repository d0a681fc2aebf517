"""What goes in and out of uploads over HTTP."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field, field_validator

from infra.messages import Message
from infra.schema import Input, Output, ShortText
from listings.ingest.result import Delimiter, IngestOptions, TextEncoding
from listings.revisions.schemas import IngestOptionsRead
from listings.uploads.problems import problem_document
from listings.uploads.states import UploadPhase, UploadStatus
from listings.uploads.tables import Upload


class IngestOptionsCreate(Input):
    """What is stated about a file; what is left out is detected."""

    strict: bool = Field(
        True,
        description="Refuse a column of dates or times that holds something else; false keeps it as text with a notice",
    )
    delimiter: Delimiter | None = Field(None, description="What separates the values of a CSV file")
    header: bool | None = Field(None, description="Whether the first line of a CSV file names the columns")
    encoding: TextEncoding | None = Field(None, description="How a text file is encoded")

    def options(self) -> IngestOptions:
        """As the conversion takes them."""
        return IngestOptions(**self.model_dump())


class UploadCreate(Input):
    """A file that is to come."""

    name: ShortText = Field(
        description="Name of the file, a hint to its format", examples=["air-quality.csv"]
    )
    size_bytes: int | None = Field(
        None, ge=1, le=2**53, description="Length of the file; or by Upload-Length with its last bytes"
    )
    sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="Digest of the file; what comes is compared with it"
    )
    options: IngestOptionsCreate | None = Field(None, description="What is stated about the file")

    @field_validator("name")
    @classmethod
    def _no_path(cls, value: str) -> str:
        # A name is a hint and nothing else: no path of anybody's machine is kept.
        found = "".join(c for c in value.replace("\\", "/").rpartition("/")[2] if c.isprintable())
        if not found:
            raise ValueError(Message("must be the name of a file"))
        return found


class UploadRead(Output):
    """A file on its way to a revision."""

    id: UUID
    product_id: UUID
    name: str
    status: UploadStatus
    phase: UploadPhase | None = Field(description="What a worker does with it; null before and after")
    percent: int = Field(description="Of the bytes while they come, then of the work on them")
    received_bytes: int
    size_bytes: int | None = Field(description="Null while nobody has said it")
    sha256: str | None = Field(description="Digest that the file was declared with")
    rows: int | None = Field(description="Read so far, then those of the revision")
    options: IngestOptionsRead
    revision_id: UUID | None = Field(description="The revision that it became")
    unchanged: bool = Field(description="Whether that revision was there before, with the same bytes")
    problem: dict[str, Any] | None = Field(
        description="Why it failed: the problem document that the direct upload would have answered with"
    )
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    expires_at: datetime = Field(
        description="Ends by then unless more bytes come; counts while it is receiving"
    )
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Upload, language: str) -> Self:
        """Map a row.

        :param language: of the problem's texts.
        """
        percent = row.percent
        if row.status is UploadStatus.RECEIVING:
            percent = int(100 * row.received_bytes / row.size_bytes) if row.size_bytes else 0
        problem = row.problem and problem_document(
            row.problem, language, {"product_id": row.product_id, "upload_id": row.id}
        )
        hidden = {"organisation_id", "by_program", "attempts", "problem", "percent", "options"}
        return cls(
            **row.model_dump(exclude=hidden),
            problem=problem,
            percent=percent,
            options=IngestOptionsRead.model_validate(row.options, from_attributes=False),
        )
