"""What goes in and out of waivers over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.schema import Input, Instant, LongText, Output, Reason, ShortText
from quality.waivers.states import WaiverRequestStatus, WaiverStatus, waiver_status
from quality.waivers.tables import QualityWaiver, QualityWaiverRequest

_REPORT = (
    "The failed report: the newest of the revision when left out, or that of the trial of the suite that the product's"
    " open edition names"
)
_CHECKS = "Names of failed checks of the report; empty for the whole report"


class WaiverRequestCreate(Input):
    """Why a failed revision should count as passed for a time."""

    justification: LongText
    report_id: UUID | None = Field(default=None, description=_REPORT)
    checks: list[ShortText] = Field(default=[], max_length=1000, description=_CHECKS)


class WaiverCreate(Input):
    """A reviewer's decision that a failed revision counts as passed until an instant."""

    reason: Reason
    expires_at: Instant = Field(description="Bounded by the parameter `quality.waiver.longest_days`")
    report_id: UUID | None = Field(default=None, description=_REPORT)
    checks: list[ShortText] = Field(default=[], max_length=1000, description=_CHECKS)


class WaiverRead(Output):
    """A waiver, and how it stands."""

    id: UUID
    revision_id: UUID
    report_id: UUID
    status: WaiverStatus
    checks: list[str] = Field(description=_CHECKS)
    reason: str
    granted_by: UUID
    granted_by_organisation: UUID
    granted_at: datetime
    expires_at: datetime
    revoked_by: UUID | None
    revoked_at: datetime | None
    revocation_reason: str | None

    @classmethod
    def of(cls, row: QualityWaiver, moment: datetime) -> Self:
        """Map a waiver as it stands at a moment."""
        status = waiver_status(row.expires_at, row.revoked_at, moment)
        return cls.model_validate({**row.model_dump(exclude={"ended_told_at", "rules"}), "status": status})


class WaiverRequestRead(Output):
    """A request for a waiver, and what became of it."""

    id: UUID
    product_id: UUID
    revision_id: UUID
    report_id: UUID
    checks: list[str] = Field(description=_CHECKS)
    justification: str
    status: WaiverRequestStatus
    requested_by: UUID
    requested_by_organisation: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str | None
    waiver_id: UUID | None = Field(description="Null unless it was granted")

    @classmethod
    def of(cls, row: QualityWaiverRequest) -> Self:
        """Map a request."""
        return cls.model_validate(row)


class WaiverList(Output):
    """The waivers of a revision and the requests for them, newest first."""

    waivers: list[WaiverRead]
    requests: list[WaiverRequestRead]
