"""What goes in and out of licences over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from infra.schema import Output


class LicenceRead(Output):
    """A licence, and whether it is live."""

    id: UUID
    agreement_id: UUID
    agreement_digest: str
    product_id: UUID
    owner_id: UUID
    operator_id: UUID
    buyer_id: UUID
    columns: list[str]
    purposes: list[str]
    valid_from: datetime
    valid_until: datetime
    quota_calls: int | None
    quota_rows: int | None
    issued_at: datetime


class LicenceStanding(LicenceRead):
    """A licence with what it used and what stops it."""

    used_calls: int
    used_rows: int
    period_no: int = Field(description="The open billing period")
    live: bool = Field(description="Whether a call would be admitted, quota aside")
    stopped: list[str] = Field(description="Reasons of the active stops on any link of the chain above it")


class LicenceTokenRead(Output):
    """A licence token; shown once and kept nowhere."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 -- the scheme's name
    expires_in: int = Field(description="Seconds")
    licence_id: UUID
    token_id: UUID
