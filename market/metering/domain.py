"""What is asked of metering and what it answers: pure values, no clock and no I/O."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

MAX_UNITS = 2**31 - 1
"""Most calls or rows that one admission may carry."""


class Outcome(StrEnum):
    """What became of a call."""

    ADMITTED = "admitted"
    EXPIRED = "expired"
    KEY_CONFLICT = "key_conflict"
    NOT_YET_VALID = "not_yet_valid"
    QUOTA_EXCEEDED = "quota_exceeded"
    REPEATED = "repeated"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Call(NamedTuple):
    """A call that asks to be admitted, with all it costs.

    :ivar record_id: id of the usage record it becomes; made once, so that sending it again is recognised.
    :ivar key: the caller's ``Idempotency-Key``, or None.
    :ivar digest: SHA-256 of the request and of the revision it was resolved to.
    :ivar calls: calls to count against the quota, 0 for a further chunk of the same answer.
    :ivar rows: rows of the answer.
    :ivar bytes: bytes of the answer's body.
    :ivar rows_asked: rows the caller asked for at most. The quota must hold these, so that a refusal tells nothing of
        how many rows there were; ``rows`` is what is counted.
    """

    licence_id: UUID
    record_id: UUID
    key: str | None
    digest: bytes
    calls: int
    rows: int
    bytes: int
    revision_id: UUID
    purpose: str
    client_id: UUID | None
    rows_asked: int = 0


class Decision(NamedTuple):
    """What metering decided, durable when it is handed out.

    :ivar record_id: the usage record; of a repeat, the record of the first time; None when nothing was recorded.
    :ivar recorded_at: the database's time of the decision (UTC).
    :ivar period_no: the licence's open period; None for a licence metering does not know.
    :ivar left_calls: calls left of the quota after the batch, None for no limit; likewise ``left_rows``.
    :ivar reason: why the licence, or a link above it, is stopped.
    """

    outcome: Outcome
    record_id: UUID | None
    recorded_at: datetime
    period_no: int | None
    left_calls: int | None
    left_rows: int | None
    reason: str | None


class PeriodUsage(NamedTuple):
    """Usage of one licence in one billing period.

    :ivar closed_at: None while the period is open; its totals may still grow then.
    """

    licence_id: UUID
    period_no: int
    opened_at: datetime
    closed_at: datetime | None
    calls: int
    rows: int
