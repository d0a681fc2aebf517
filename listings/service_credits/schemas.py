"""What is shown of service credits over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.schema import Output
from listings.service_credits.domain import PromiseKind


class ServiceCreditRead(Output):
    """A missed promise, for which buyers are credited; settlement sets the amount."""

    id: UUID
    product_id: UUID
    promise: PromiseKind
    period_from: datetime = Field(
        description="When the last data arrived before the lapse, or when the month began"
    )
    period_until: datetime = Field(
        description="When the next data was due, a period after that or after the promise took effect; or when the"
        " month ended"
    )
    detail: dict[str, Any] = Field(description="Figures that it rests on")
    recorded_at: datetime
