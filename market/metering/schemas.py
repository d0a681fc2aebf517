"""What metering shows over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra import months
from infra.schema import Output
from infra.unit_schemas import UnitAmounts
from market.metering.domain import (
    CloseReason,
    OpenPeriod,
    PeriodUsage,
    UsageCreditReason,
    UsageRecordStatus,
)
from market.metering.service import KnownRecord


class UsageCreditRead(Output):
    """That the call of a usage record is not billed: it was recorded, and could not be answered."""

    credited_at: datetime
    reason: UsageCreditReason
    period_no: int = Field(description="Billing period that counts so much less: the one of the call")


class UsageRecordRead(Output):
    """One metered call."""

    record_id: UUID
    licence_id: UUID
    recorded_at: datetime = Field(description="The database's time of admission, UTC")
    period_no: int = Field(description="Billing period of the licence in which the call counts")
    period_month: str | None = Field(
        description="Its calendar month in the market's time zone; null of a period from before periods were months",
        examples=["2026-11"],
    )
    agreement_id: UUID = Field(
        description="Whose invoice of that month bills the call: see the list of invoices"
    )
    product_id: UUID
    revision_id: UUID
    units: UnitAmounts = Field(description="What it counted, by metered unit")
    purpose: str
    scenario: str | None = Field(
        description="The field of use it was called for; null with a token from before tokens said this"
    )
    region: str | None = Field(description="The division (GB/T 2260) it was called for; null likewise")
    client_id: UUID | None = Field(description="Who got the token the call was made with")
    status: UsageRecordStatus = Field(
        description="Whether it was answered, or is credited; `unconfirmed` for the first seconds, and for up to three"
        " minutes when the process that recorded it ended"
    )
    credit: UsageCreditRead | None = Field(description="The credit, where it is credited")

    @classmethod
    def of(cls, known: KnownRecord) -> Self:
        """A record with what became of its call."""
        row = known.record
        return cls(
            record_id=row.record_id,
            licence_id=row.licence_id,
            recorded_at=row.recorded_at,
            period_no=row.period_no,
            period_month=months.label(known.month),
            agreement_id=known.agreement_id,
            product_id=row.product_id,
            revision_id=row.revision_id,
            units=dict(row.units),
            purpose=row.purpose,
            scenario=row.scenario,
            region=row.region,
            client_id=row.client_id,
            status=known.status,
            credit=UsageCreditRead.model_validate(known.credit) if known.credit else None,
        )


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
    confirmed_at: datetime | None = Field(
        description="When each of its calls was accounted for, answered or credited, which comes before its bill;"
        " null until then"
    )
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
            confirmed_at=period.confirmed_at if isinstance(period, PeriodUsage) else None,
            units=period.units,
        )


class HourlyUsageRead(Output):
    """Usage in one hour for one revision and use."""

    hour: datetime = Field(description="When the hour begins, UTC")
    revision_id: UUID
    purpose: str
    scenario: str | None = Field(description="The field of use; null with tokens from before they said this")
    region: str | None = Field(description="The division (GB/T 2260); null likewise")
    units: UnitAmounts = Field(description="What was counted, by metered unit")
    credited: UnitAmounts = Field(description="Of that, what is credited")


class UsageSummary(Output):
    """Usage by hour, oldest first; hours without a call are left out."""

    licence_id: UUID
    items: list[HourlyUsageRead]
