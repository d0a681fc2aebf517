"""What is shown of a promise over HTTP."""

from datetime import datetime

from pydantic import Field

from infra.schema import Output
from listings.freshness.domain import Freshness, Promise
from listings.resources.domain import UpdateFrequency


class PromiseRead(Output):
    """How often new data is promised, and how often it comes."""

    update_frequency: UpdateFrequency
    status: Freshness = Field(description="late once a period and the tolerance passed without new data")
    last_arrival: datetime | None = Field(
        description="When the newest data arrived that passed its check; null of a product not published yet"
    )
    due_at: datetime | None = Field(description="When the next is due; null where nothing is promised")
    late_since: datetime | None = Field(description="When it was due, once it is late")
    in_time: int = Field(
        description="At how many ends of the last periods, counted back from now, the data was not late"
    )
    periods: int = Field(description="How many periods that is of; those before the first data do not count")

    @classmethod
    def of(cls, frequency: UpdateFrequency, promise: Promise) -> "PromiseRead":
        """Map a promise."""
        return cls(
            update_frequency=frequency,
            status=promise.status,
            last_arrival=promise.last_arrival,
            due_at=promise.due_at,
            late_since=promise.late_since,
            in_time=promise.in_time,
            periods=promise.periods,
        )
