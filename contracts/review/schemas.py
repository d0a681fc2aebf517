"""What goes in and out of reviews over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, Output, Reason
from infra.stops.tables import Stop


class ReviewCreate(Input):
    """A finding on an agreement."""

    note: Reason


class ReviewRead(Output):
    """A finding."""

    id: UUID
    agreement_id: UUID
    reviewed_by: UUID
    note: str
    reviewed_at: datetime
    kept_until: datetime | None = Field(
        description="Until when it is kept; null where it was recorded before that was a rule"
    )
    rules: list[RuleVersionRead] = Field(description="Rulebook versions that it was recorded under")


class StopRead(Output):
    """A stop: active from its beginning on, while it is not lifted."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    reason: str
    final: bool = Field(description="Stands for an end, which nobody lifts")
    placed_by: UUID
    placed_by_organisation: UUID
    placed_by_organisation_name: PartyName | None = Field(
        description="Null where the service itself placed the stop"
    )
    placed_at: datetime
    begins_at: datetime = Field(
        description="From when on it counts; later than placed where it was placed ahead"
    )
    lifted_at: datetime | None
    lift_reason: str | None

    @classmethod
    def of(cls, row: Stop, names: PartyNames) -> Self:
        """Map a row."""
        return cls(**row.model_dump(), placed_by_organisation_name=names.get(row.placed_by_organisation))
