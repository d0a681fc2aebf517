"""What goes in and out of sources that are fetched by the clock."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.messages import Message, translate
from infra.schema import Input, Output, ShortText
from listings.revisions.schemas import IngestOptionsRead
from listings.uploads.schemas import IngestOptionsCreate, SourceCreate, SourceRead, file_name, name_of
from listings.uploads.states import FetchStatus
from listings.uploads.tables import ProductSource
from listings.uploads.times import SourceFrequency, Times


class TimesCreate(Input):
    """When it is fetched, by the clock of the market's zone."""

    frequency: SourceFrequency
    minute: int = Field(0, ge=0, le=59)
    hour: int | None = Field(None, ge=0, le=23, description="Of what is fetched daily or weekly")
    weekday: int | None = Field(
        None, ge=1, le=7, description="Of what is fetched weekly; 1 is Monday (ISO 8601)"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.hour is None) != (self.frequency is SourceFrequency.HOURLY):
            raise ValueError(Message("hour goes with daily and weekly, and only with them"))
        if (self.weekday is None) != (self.frequency is not SourceFrequency.WEEKLY):
            raise ValueError(Message("weekday goes with weekly, and only with it"))
        return self

    def times(self) -> Times:
        """As the rules take them."""
        return Times(self.frequency, self.minute, self.hour, self.weekday)


class ProductSourcePut(Input):
    """A source that is fetched by the clock."""

    source: SourceCreate
    times: TimesCreate
    name: ShortText | None = Field(None, description="Name of the file, a hint to its format")
    options: IngestOptionsCreate | None = Field(None, description="What is stated about the file")

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return file_name(self.name) if self.name else name_of(self.source.url)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.name:
            file_name(self.name)
        return self


class TimesRead(Output):
    """When it is fetched, by the clock of the market's zone."""

    frequency: SourceFrequency
    minute: int
    hour: int | None
    weekday: int | None


class ProductSourceRead(Output):
    """A source that is fetched by the clock."""

    product_id: UUID
    source: SourceRead | None
    name: str
    options: IngestOptionsRead
    times: TimesRead
    status: FetchStatus
    pause_reason: str | None = Field(description="Why it is paused; POST …/source/resumption goes on")
    failures: int = Field(description="Fetches in a row that failed")
    next_run_at: datetime | None = Field(description="Null while it is paused")
    last_upload_id: UUID | None = Field(description="GET /v1/uploads/{upload_id} says how it ended")
    set_by: UUID
    updated_at: datetime

    @classmethod
    def of(cls, row: ProductSource, language: str) -> Self:
        """Map a row."""
        return cls(
            product_id=row.product_id,
            source=SourceRead.of(row.url, row.credentials),
            name=row.name,
            options=IngestOptionsRead.model_validate(row.options),
            times=TimesRead.model_validate(row),
            status=row.status,
            pause_reason=translate(row.pause_reason, language) if row.pause_reason else None,
            failures=row.failures,
            next_run_at=row.next_run_at if row.status is FetchStatus.ACTIVE else None,
            last_upload_id=row.last_upload_id,
            set_by=row.set_by,
            updated_at=row.updated_at,
        )
