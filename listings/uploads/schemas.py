"""What goes in and out of uploads over HTTP."""

import re
from datetime import datetime
from typing import Any, Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

from pydantic import Field, SecretStr, field_validator, model_validator

from infra.messages import Message
from infra.schema import Input, Output, ShortText
from listings.ingest.result import DecimalMark, Delimiter, IngestOptions, Quote, TextEncoding
from listings.revisions.schemas import IngestOptionsRead
from listings.uploads.problems import problem_document
from listings.uploads.states import CredentialKind, UploadPhase, UploadStatus
from listings.uploads.tables import Upload


def file_name(value: str) -> str:
    """The name at the end of a path: it is a hint and nothing else, and no path of anybody's machine is kept.

    :raises ValueError: there is none.
    """
    found = "".join(c for c in value.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    if not found:
        raise ValueError(Message("must be the name of a file"))
    return found


def name_of(url: str) -> str:
    """What a file at an address is called."""
    try:
        return file_name(unquote(urlsplit(url).path))[:200]
    except ValueError:
        return "data"


class IngestOptionsCreate(Input):
    """What is stated about a file; what is left out is detected."""

    strict: bool = Field(
        True,
        description="Refuse a column of dates or times that holds something else; false keeps it as text with a notice",
    )
    delimiter: Delimiter | None = Field(None, description="What separates the values of a CSV file")
    header: bool | None = Field(None, description="Whether the first line of a CSV file names the columns")
    encoding: TextEncoding | None = Field(None, description="How a text file is encoded")
    quote: Quote | None = Field(
        None, description="What stands around a value that holds the delimiter of a CSV file"
    )
    decimal_mark: DecimalMark | None = Field(
        None, description="What stands before the fraction of a number in a CSV file"
    )
    null_words: list[ShortText] = Field(
        [], max_length=20, description="Words that stand for a missing value in every column of a text file"
    )
    lenient: bool = Field(
        False,
        description="Drop lines of a text file that cannot be read, and tell which, rather than refuse it",
    )

    def options(self) -> IngestOptions:
        """As the conversion takes them."""
        return IngestOptions(**self.model_dump() | {"null_words": tuple(self.null_words)})


CREDENTIAL_NAME = "^[a-z0-9][a-z0-9._-]{0,63}$"


class SourceCreate(Input):
    """Where a file is fetched."""

    url: str = Field(
        min_length=9,
        max_length=2000,
        pattern="^(https?|s3)://[^\\s\\x00]+$",
        description="https://… or s3://bucket/key; what follows ? is shown to nobody",
        examples=["https://data.example.org/air-quality.csv"],
    )
    credentials: str | None = Field(
        None, pattern=CREDENTIAL_NAME, description="Name of what PUT /v1/source-credentials/{name} keeps"
    )


class SourceRead(Output):
    """Where a file is fetched; without what follows ? in its address, which may be a signature."""

    url: str
    credentials: str | None

    @classmethod
    def of(cls, url: str | None, credentials: str | None) -> Self | None:
        """Map an address; None of a file that is sent."""
        return (
            None if url is None else cls(url=url.partition("?")[0].partition("#")[0], credentials=credentials)
        )


class SourceCredentialPut(Input):
    """What a source is shown."""

    kind: CredentialKind = Field(
        description="bearer: a token for an https host; s3: a key of an S3-compatible store"
    )
    endpoint: str = Field(
        pattern="^https?://[A-Za-z0-9.\\[\\]:-]+$",
        max_length=300,
        description="Host that they are for, and the only one they are sent to",
        examples=["https://storage.example.org"],
    )
    region: str | None = Field(None, pattern="^[a-z0-9-]{1,40}$", description="Of an S3-compatible store")
    key_id: str | None = Field(
        None, pattern="^[\\x21-\\x7e]{1,200}$", description="Access key of an S3-compatible store"
    )
    secret: SecretStr = Field(
        min_length=1,
        max_length=4000,
        description="Token, or secret of the access key; never shown again",
        # A pattern of pydantic's own is not for secrets.
        json_schema_extra={"pattern": "^[\\x21-\\x7e]+$"},
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is CredentialKind.S3 and self.key_id is None:
            raise ValueError(Message("key_id is needed for a key of an S3-compatible store"))
        if not re.fullmatch("[\\x21-\\x7e]+", self.secret.get_secret_value()):
            raise ValueError(Message("secret must be visible ASCII characters"))
        return self


class SourceCredentialRead(Output):
    """What a source is shown, but for the secret."""

    name: str
    kind: CredentialKind
    endpoint: str
    region: str | None
    key_id: str | None
    created_at: datetime
    updated_at: datetime
    updated_by: UUID


class UploadCreate(Input):
    """A file that is to come."""

    name: ShortText | None = Field(
        None,
        description="Name of the file, a hint to its format; taken from the source's address where it is left out",
        examples=["air-quality.csv"],
    )
    source: SourceCreate | None = Field(
        None, description="Where a worker fetches the file; without it the file is sent"
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
    def _no_path(cls, value: str | None) -> str | None:
        return value and file_name(value)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.name is None and self.source is None:
            raise ValueError(Message("name is needed for a file that is sent"))
        return self

    @property
    def file_name(self) -> str:
        """What the file is called."""
        assert self.name or self.source
        return self.name or name_of(self.source.url if self.source else "")


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
    source: SourceRead | None = Field(description="Where it is fetched; null for a file that is sent")
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
        hidden = {
            "organisation_id",
            "by_program",
            "attempts",
            "problem",
            "percent",
            "options",
            "source_url",
            "credentials",
            "etag",
        }
        return cls(
            **row.model_dump(exclude=hidden),
            problem=problem,
            percent=percent,
            source=SourceRead.of(row.source_url, row.credentials),
            options=IngestOptionsRead.model_validate(row.options, from_attributes=False),
        )
