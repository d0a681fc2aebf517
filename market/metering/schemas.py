"""What metering shows over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from infra.schema import Output
from infra.unit_schemas import UnitAmounts


class UsageRecordRead(Output):
    """One metered call."""

    record_id: UUID
    recorded_at: datetime = Field(description="The database's time of admission, UTC")
    period_no: int = Field(description="Billing period of the licence in which the call counts")
    product_id: UUID
    revision_id: UUID
    units: UnitAmounts = Field(description="What it counted, by metered unit")
    purpose: str
    client_id: UUID | None = Field(description="Who got the token the call was made with")


class HourlyUsageRead(Output):
    """Usage in one hour for one revision and purpose."""

    hour: datetime = Field(description="When the hour begins, UTC")
    revision_id: UUID
    purpose: str
    units: UnitAmounts = Field(description="What was counted, by metered unit")


class UsageSummary(Output):
    """Usage by hour, oldest first; hours without a call are left out."""

    licence_id: UUID
    items: list[HourlyUsageRead]
