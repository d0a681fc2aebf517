"""Which findings keep a revision from being shown. Pure.

A finding is settled when its column is declared as personal, so that samples mask it, or when a regulator has accepted
that it is none (an order number that looks like a mobile number), after a party contested it with a reason.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.messages import Message
from listings.findings.errors import FindingStateForbids
from listings.ingest.personal import ContentKind, Detected

FindingKey = tuple[str, ContentKind]
"""Column and kind: a decision holds for all revisions of a product."""


class FindingStatus(StrEnum):
    """What was decided last about a finding."""

    OPEN = "open"
    CONTESTED = "contested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_FOLLOWS = {
    FindingStatus.CONTESTED: frozenset({FindingStatus.OPEN, FindingStatus.REJECTED}),
    FindingStatus.ACCEPTED: frozenset({FindingStatus.CONTESTED}),
    FindingStatus.REJECTED: frozenset({FindingStatus.CONTESTED, FindingStatus.ACCEPTED}),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something detected in a revision, with what was decided last about it and why."""

    detected: Detected
    status: FindingStatus = FindingStatus.OPEN
    reason: str | None = None

    @property
    def key(self) -> FindingKey:
        """Column and kind."""
        return self.detected.column, self.detected.kind


def require_next(status: FindingStatus, following: FindingStatus) -> None:
    """Refuse a decision that does not follow from the one before.

    :raises FindingStateForbids: with what is to be done first.
    """
    if status not in _FOLLOWS[following]:
        raise FindingStateForbids(
            Message(
                "The finding is {status} and cannot become {following}.", status=status, following=following
            ),
            remedy=Message(
                "A party contests a finding; a regulator then accepts or rejects what was said."
                " GET /v1/products/{product_id}/content-findings shows where it stands."
            ),
            current_status=status.value,
        )


def findings_of(
    detected: Iterable[Detected], decisions: Mapping[FindingKey, tuple[FindingStatus, str]]
) -> list[Finding]:
    """What was detected, each with the newest decision about it."""
    return [
        Finding(one, *decisions.get((one.column, one.kind), (FindingStatus.OPEN, None))) for one in detected
    ]


def masked_columns(findings: Iterable[Finding]) -> set[str]:
    """Columns that samples mask, whatever was declared: all but those whose finding was accepted as none."""
    return {one.detected.column for one in findings if one.status is not FindingStatus.ACCEPTED}


def unsettled(findings: Iterable[Finding], personal: Collection[str]) -> list[Finding]:
    """The findings that keep a revision from being shown.

    :param personal: columns declared as personal.
    """
    return [
        one
        for one in findings
        if one.status is not FindingStatus.ACCEPTED and one.detected.column not in personal
    ]
