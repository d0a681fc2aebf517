"""What is asked of metering and what it answers: pure values, no clock and no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from infra import units
from infra.units import UnitVector


class Outcome(StrEnum):
    """What became of a call."""

    ADMITTED = "admitted"
    EXPIRED = "expired"
    KEY_CONFLICT = "key_conflict"
    NOT_YET_VALID = "not_yet_valid"
    QUOTA_EXCEEDED = "quota_exceeded"
    REPEATED = "repeated"
    REVISION_STOPPED = "revision_stopped"
    STOPPED = "stopped"
    TOKEN_ENDED = "token_ended"  # noqa: S105 -- an outcome
    UNKNOWN = "unknown"


class UsageCreditReason(StrEnum):
    """Why a recorded call was credited."""

    PROCESS_ENDED = "process_ended"
    UNANSWERED = "unanswered"


class UsageRecordStatus(StrEnum):
    """Whether the call of a usage record was answered.

    ``unconfirmed``: the process that recorded it has not said so yet. It becomes one of the others.
    """

    ANSWERED = "answered"
    CREDITED = "credited"
    UNCONFIRMED = "unconfirmed"


class Call(NamedTuple):
    """A call that asks to be admitted, with all it counts.

    :ivar record_id: id of the usage record it becomes; made once, so that sending it again is recognised.
    :ivar key: the caller's ``Idempotency-Key``, or None.
    :ivar digest: SHA-256 of the request and of the revision it was resolved to.
    :ivar token_id: the licence token it was made with (its ``jti``), which must not have been ended.
    :ivar units: what is counted: one call, or none for a further chunk of the same answer, and what the answer holds.
    :ivar asked: what the caller asked for at most, of the units that have such a bound. The quota must hold it, so that
        a refusal tells nothing of how much there was.
    :ivar scenario: the field of use, and the division it is made for; None with tokens from before these travelled.
    """

    licence_id: UUID
    record_id: UUID
    key: str | None
    digest: bytes
    revision_id: UUID
    purpose: str
    client_id: UUID | None
    token_id: UUID
    units: UnitVector
    asked: Mapping[str, int] = MappingProxyType({})
    scenario: str | None = None
    region: str | None = None


class Decision(NamedTuple):
    """What metering decided, durable when it is handed out.

    :ivar record_id: the usage record; of a repeat, the record of the first time; None when nothing was recorded.
    :ivar recorded_at: the database's time of the decision (UTC).
    :ivar period_no: the licence's open period; None for a licence metering does not know.
    :ivar left: what is left of each quota after the batch, in the order of the registry's quotas; None for no limit.
    :ivar reason: why the licence, or a link above it, is stopped.
    """

    outcome: Outcome
    record_id: UUID | None
    recorded_at: datetime
    period_no: int | None
    left: tuple[int | None, ...]
    reason: str | None

    @property
    def left_by_unit(self) -> dict[str, int]:
        """What is left of each quota that there is, by unit."""
        by_unit = zip(units.UNITS.quotas, self.left, strict=True)
        return {unit.code: left for unit, left in by_unit if left is not None}


@dataclass(frozen=True, slots=True)
class Credit:
    """That a usage record was taken back.

    :ivar period_no: the period that counts so much less.
    """

    credited_at: datetime
    reason: UsageCreditReason
    period_no: int


class CloseReason(StrEnum):
    """Why a period is closed before its end; each is looked up, not believed.

    ``END_OF_CONTRACT``: the licence's term is over. ``TERMINATION``: it, or a link above it, was ended for good.
    """

    END_OF_CONTRACT = "end_of_contract"
    TERMINATION = "termination"


class EarlyClose(NamedTuple):
    """Why somebody closes a period before its end, as a code and in words."""

    reason: CloseReason
    note: str


class PeriodUsage(NamedTuple):
    """Usage of one licence in one closed billing period, from ``opened_at`` to before ``closed_at``.

    :ivar month: first day of its calendar month in the market's time zone; None of one from before periods were months.
    :ivar early: why it was closed before its month's end; None of one that was not.
    :ivar after_end: it began when the contract had ended already: no charge for a period falls due in it.
    :ivar confirmed_at: when each of its calls was accounted for, from when on it does not change; None before.
    """

    licence_id: UUID
    period_no: int
    month: date | None
    opened_at: datetime
    closed_at: datetime
    early: EarlyClose | None
    after_end: bool
    confirmed_at: datetime | None
    units: UnitVector


class OpenPeriod(NamedTuple):
    """The period in which a licence's calls count now, from ``opened_at`` to before ``ends_at``.

    :ivar month: first day of its calendar month in the market's time zone.
    """

    licence_id: UUID
    period_no: int
    month: date
    opened_at: datetime
    ends_at: datetime
    units: UnitVector
