"""What the platform operator sees of dead letters over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.events.dead_letters import DeadLetter
from infra.events.domain import DeliveryStatus
from infra.events.kinds import EventKind
from infra.schema import Output


class DeadLetterRead(Output):
    """An event that a subscriber could not handle."""

    id: UUID
    subscriber: str
    status: DeliveryStatus = Field(description="`dead` while it is held")
    attempts: int = Field(description="Failed attempts since it was published or retried last")
    last_error: str | None
    updated_at: datetime
    event_id: UUID
    event_kind: EventKind
    subject_kind: str
    subject_id: UUID
    sequence: int = Field(description="Number of the event among those of its subject")
    occurred_at: datetime
    payload: dict[str, Any]
    held_back: int | None = Field(
        description="Later events of the subject that wait behind it for the same subscriber; null in lists"
    )

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterRead":
        """Map a dead letter."""
        row, event = letter.delivery, letter.event
        return cls(
            id=row.id,
            subscriber=row.subscriber,
            status=row.status,
            attempts=row.attempts,
            last_error=row.last_error,
            updated_at=row.updated_at,
            event_id=event.id,
            event_kind=event.kind,
            subject_kind=event.subject_kind,
            subject_id=event.subject_id,
            sequence=event.sequence,
            occurred_at=event.occurred_at,
            payload=dict(event.payload),
            held_back=letter.held_back,
        )


class HeldJobRead(Output):
    """A job of the queue after its last attempt."""

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    failed_at: datetime
    error: str | None = Field(description="Type and message of the last failure")


class HeldJobs(Output):
    """Jobs that are held."""

    items: list[HeldJobRead]
