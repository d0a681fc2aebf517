"""Rules of webhooks: who may read what, what is sent, and what follows an attempt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from infra.auth import OrganisationKind
from infra.events.domain import Event
from infra.events.kinds import EventKind

PING = "webhook.ping"
"""Type of the message that tests an endpoint."""

MAX_ENDPOINTS = 20
"""An organisation may have so many."""

RESPONSE_LENGTH = 1000
"""So many characters of a receiver's answer are kept."""

LONGEST_RETRY_AFTER = timedelta(hours=24)
JITTER = 0.1
"""A delay is longer by up to this share of it, so that what failed together is not tried again together."""

_BEYOND_THE_PARTIES: Mapping[OrganisationKind, frozenset[EventKind]] = {
    # What these read over HTTP without being a party to it. A regulator reads everything but the platform's bank.
    OrganisationKind.REGULATOR: frozenset(EventKind) - {EventKind.BANK_STATEMENT_IMPORTED},
    OrganisationKind.PLATFORM: frozenset(
        kind
        for kind in EventKind
        if kind.subject_kind
        in {
            "agreement",
            "appeal",
            "bank_statement",
            "invoice",
            "licence",
            "organisation",
            "reconciliation",
            "recovery",
            "rule_proposal",
        }
    ),
}
_PUBLIC = frozenset(
    {
        EventKind.PRODUCT_EDITION_PUBLISHED,
        EventKind.PRODUCT_PUBLISHED,
        EventKind.RULE_PROPOSAL_APPROVED,
    }
)
"""What stands in the open catalogue and in the rulebook concerns everybody."""


class EndpointStatus(StrEnum):
    """Whether an endpoint is sent anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why an endpoint is disabled."""

    MANUAL = "manual"
    GONE = "gone"
    FAILING = "failing"


class WebhookDeliveryStatus(StrEnum):
    """Where the delivery of one message to one endpoint stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a message once.

    :param status: of the answer; None when there was none.
    :param retry_after: what the answer asked for in its Retry-After.
    :param text: the beginning of the answer.
    :param error: what happened where there was no answer.
    """

    status: int | None
    duration: timedelta
    text: str | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more of them: 410."""
        return self.status == 410


def kinds_read_by(kind: OrganisationKind) -> frozenset[EventKind]:
    """The kinds of event that such an organisation may read even where it is not concerned."""
    return _PUBLIC | _BEYOND_THE_PARTIES.get(kind, frozenset())


def readers_of(kind: EventKind) -> list[OrganisationKind]:
    """The kinds of organisation that may read every event of a kind."""
    return [organisation for organisation in OrganisationKind if kind in kinds_read_by(organisation)]


def event_body(event: Event) -> str:
    """The message about an event, as it is signed and sent."""
    data = {f"{event.subject_kind}_id": str(event.subject_id), "sequence": event.sequence, **event.payload}
    return message_body(event.kind.value, event.occurred_at, data)


def message_body(kind: str, moment: datetime, data: Mapping[str, Any]) -> str:
    """A message: its type, when it happened (UTC), and its data."""
    document = {"type": kind, "timestamp": _rfc3339(moment), "data": data}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def message_id(delivered: UUID) -> str:
    """``webhook-id``: the same for every attempt, every endpoint and every replay of a message."""
    return f"msg_{delivered.hex}"


def next_delay(
    tries: int, schedule: Sequence[timedelta], retry_after: timedelta | None, chance: float
) -> timedelta | None:
    """How long to wait after so many failed tries; None when there is no further one.

    :param schedule: delays before the second, the third … try.
    :param chance: between 0 and 1, different each time.
    """
    if tries > len(schedule):
        return None
    delay = schedule[tries - 1]
    if retry_after is not None:
        delay = max(delay, min(retry_after, LONGEST_RETRY_AFTER))
    return delay * (1 + JITTER * chance)


def retry_after(header: str | None, moment: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date (RFC 9110, 10.2.3); None where it cannot be read."""
    if not header:
        return None
    if header.isascii() and header.isdecimal() and len(header) < 10:
        return timedelta(seconds=int(header))
    try:
        date = datetime.strptime(header, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(date - moment, timedelta())


def kept_text(body: bytes) -> str:
    """What is kept of an answer: text of a bounded length, whatever its bytes are."""
    return body.decode("utf-8", "replace").replace("\0", "�")[:RESPONSE_LENGTH]


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
