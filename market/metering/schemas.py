"""What metering shows over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra import months
from infra.schema import Output
from infra.unit_schemas import UnitAmounts
from market.metering.domain import CloseReason, OpenPeriod, PeriodUsage


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


class UsagePeriodRead(Output):
    """A billing period: a calendar month in the market's time zone, or what the licence's term has of it."""

    period_no: int
    period_month: str | None = Field(
        description="The month in the market's time zone; null of a period from before periods were months",
        examples=["2026-11"],
    )
    period_from: datetime
    period_to: datetime = Field(description="Not included; of the open period, when it ends")
    closed: bool
    close_reason: CloseReason | None = Field(description="Why it was closed before its month's end")
    units: UnitAmounts = Field(description="What was counted, by metered unit; of the open period, so far")

    @classmethod
    def of(cls, period: OpenPeriod | PeriodUsage) -> Self:
        """Render a period."""
        return cls(
            period_no=period.period_no,
            period_month=months.label(period.month),
            period_from=period.opened_at,
            period_to=period.closed_at if isinstance(period, PeriodUsage) else period.ends_at,
            closed=isinstance(period, PeriodUsage),
            close_reason=period.early.reason if isinstance(period, PeriodUsage) and period.early else None,
            units=period.units,
        )


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
