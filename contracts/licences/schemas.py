"""What goes in and out of licences over HTTP."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from contracts.licences.facts import LicenceDetails
from contracts.licences.tables import Licence, LicenceToken, TokenEndReason
from contracts.parties import Parties, named_parties
from infra import months
from infra.identity.schemas import PartyNames
from infra.schema import Output
from infra.unit_schemas import UnitAmounts
from listings.revisions.schemas import SchemaNoticeRead


class _Licence(Parties):
    id: UUID
    agreement_id: UUID
    agreement_digest: str
    product_id: UUID
    columns: list[str]
    purposes: list[str]
    scenarios: list[str] = Field(description="Fields of use; a call names one of them in Data-Scenario")
    regions: list[str] = Field(
        description="Divisions (GB/T 2260); a call names one, or one within them, in Data-Region"
    )
    valid_from: datetime
    valid_until: datetime
    quotas: UnitAmounts = Field(description="Limits over the whole term, by metered unit")
    revision_id: UUID | None = Field(description="The revision that it is pinned to; null for the latest")
    issued_at: datetime


class LicenceSummary(_Licence):
    """A licence in a list."""

    @classmethod
    def of(cls, row: Licence, names: PartyNames) -> Self:
        """Map a row."""
        return cls(**row.model_dump(), **named_parties(row, names), quotas=row.quotas)


class StopAheadRead(Output):
    """A stop that was placed ahead, on a licence or on a link of the chain above it."""

    subject_kind: str = Field(description="What it is on", examples=["registration"])
    subject_id: UUID
    reason: str
    begins_at: datetime = Field(description="From when on no call is admitted, unless it is lifted before")


class LicenceRead(_Licence):
    """A licence with what it used and what stops it."""

    used: UnitAmounts = Field(description="What was used so far, by metered unit")
    period_no: int = Field(description="The open billing period")
    period_month: str | None = Field(
        description="Its calendar month in the market's time zone; null once the last period is closed",
        examples=["2026-11"],
    )
    period_from: datetime
    period_to: datetime | None = Field(description="When it ends; null once the last period is closed")
    notice: SchemaNoticeRead | None = Field(
        description="A change of the product's columns that was announced; null for none, and for a pinned licence"
    )
    columns_lost: list[str] = Field(
        description="Columns of the licence that the change removes, or that are gone"
    )
    live: bool = Field(description="Whether a call would be admitted, quota aside")
    stopped: list[str] = Field(description="Reasons of the active stops on any link of the chain above it")
    stops_ahead: list[StopAheadRead] = Field(
        description="Stops on it or on the chain above it that begin later within its term, the first one first"
    )

    @classmethod
    def of(cls, details: LicenceDetails) -> Self:
        """Map a licence with its counters and the stops above it."""
        row, counter = details.licence, details.counter
        return cls(
            **row.model_dump(),
            **named_parties(row, details.names),
            quotas=row.quotas,
            used=counter.used,
            period_no=counter.period_no,
            period_month=months.label(counter.period_month),
            period_from=counter.period_opened_at,
            period_to=counter.period_ends_at,
            live=details.live,
            notice=SchemaNoticeRead.of(details.notice) if details.notice else None,
            columns_lost=list(details.columns_lost),
            stopped=list(details.stopped),
            stops_ahead=[StopAheadRead.model_validate(stop) for stop in details.stops_ahead],
        )


class LicenceTokenRead(Output):
    """A licence token; shown once and kept nowhere. Refused from the next call on when it, or its holder, ends."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 -- the scheme's name
    expires_in: int = Field(description="Seconds")
    licence_id: UUID
    token_id: UUID


class LicenceTokenSummary(Output):
    """A token of a licence, without the token itself, which is kept nowhere."""

    token_id: UUID
    issued_to: UUID = Field(description="The person or the program it was issued to")
    issued_to_kind: Literal["person", "program"]
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None = Field(description="When it ended before its time; null while it is good")
    end_reason: TokenEndReason | None

    @classmethod
    def of(cls, row: LicenceToken) -> Self:
        """Map a row."""
        return cls(
            **row.model_dump(include={"issued_to", "issued_at", "expires_at", "ended_at", "end_reason"}),
            token_id=row.id,
            issued_to_kind="program" if row.membership_id is None else "person",
        )
