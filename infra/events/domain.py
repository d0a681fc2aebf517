"""Rules of delivery: what an event is to a subscriber, when a failed delivery is tried again, and when it is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from infra.events.errors import NotHeld
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.states import StateMachine, Transition

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=5)
ERROR_LENGTH = 2000


class DeliveryStatus(StrEnum):
    """Where the delivery of one event to one subscriber stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"


class DeliveryAction(StrEnum):
    """What the platform operator does with a dead letter."""

    RETRY = "retry"
    DROP = "drop"


DEAD_LETTERS: StateMachine[DeliveryStatus, DeliveryAction] = StateMachine(
    thing=Message("delivery"),
    transitions={
        DeliveryAction.RETRY: Transition(frozenset({DeliveryStatus.DEAD}), DeliveryStatus.PENDING),
        DeliveryAction.DROP: Transition(frozenset({DeliveryStatus.DEAD}), DeliveryStatus.DROPPED),
    },
    forbids=NotHeld,
)


@dataclass(frozen=True, slots=True)
class Event:
    """A fact, as subscribers receive it.

    :param sequence: counts the events of one subject from 1, without gaps.
    :param organisations: those the fact concerns, who may read it.
    :param payload: JSON; amounts as text.
    :param occurred_at: start of the transaction that had the effect (UTC).
    :param traceparent: W3C trace context of whoever published it, where it was traced.
    """

    id: UUID
    kind: EventKind
    subject_kind: str
    subject_id: UUID
    sequence: int
    organisations: tuple[UUID, ...]
    payload: Mapping[str, Any]
    occurred_at: datetime
    traceparent: str | None = None

    @property
    def trace_headers(self) -> dict[str, str]:
        """The trace context as W3C headers; empty when it was not traced."""
        return {} if self.traceparent is None else {"traceparent": self.traceparent}


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to deliver.

    :param number: counts the attempts since the event was published or last retried by the operator, from 1.
    """

    delivery_id: UUID
    event_id: UUID
    number: int


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: from a second, doubling, to five minutes."""
    return min(FIRST_DELAY * (1 << min(attempts - 1, 30)), LONGEST_DELAY)


def after_failure(attempts: int, allowed: int) -> DeliveryStatus:
    """What becomes of a delivery that has failed so often."""
    return DeliveryStatus.DEAD if attempts >= allowed else DeliveryStatus.PENDING


def error_text(error: BaseException) -> str:
    """What is kept of an error: its type and its message, bounded."""
    text = f"{type(error).__name__}: {error}".replace("\0", "")
    return text if len(text) <= ERROR_LENGTH else text[: ERROR_LENGTH - 1] + "…"
