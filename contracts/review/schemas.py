"""What goes in and out of reviews over HTTP."""

from datetime import datetime
from uuid import UUID

from infra.schema import Input, Output, Reason


class ReviewGive(Input):
    """A finding on an agreement."""

    note: Reason


class StopOrder(Input):
    """A decision to stop, or to let go on, with its reason."""

    reason: Reason


class ReviewRead(Output):
    """A finding."""

    id: UUID
    agreement_id: UUID
    reviewed_by: UUID
    note: str
    reviewed_at: datetime


class StopRead(Output):
    """A stop: active while it is not lifted."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    reason: str
    placed_by: UUID
    placed_at: datetime
    lifted_at: datetime | None
    lift_reason: str | None
