"""The three rights to data, and whether a resource rests on a right for a whole term.

The field's own texts name the rights differently (数据二十条 of 2022: 持有/加工使用/产品经营; the model
contracts of 2025: 持有/使用/经营), so the code is neutral and both label sets are shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from infra.messages import Message
from listings.rights.errors import RightMissing, RightTermReversed


class RightKind(StrEnum):
    """Which of the three rights."""

    HOLD = "HOLD"
    USE = "USE"
    OPERATE = "OPERATE"


class RightBasis(StrEnum):
    """How the right was acquired."""

    STATUTORY_DUTY = "statutory_duty"
    ENTRUSTED = "entrusted"
    AGREEMENT = "agreement"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class RightLabels:
    """The names of one right: the text of 2022, the texts of 2025, and English."""

    zh_2022: str
    zh_2025: str
    en: str


RIGHT_LABELS = {
    RightKind.HOLD: RightLabels("数据资源持有权", "数据持有权", "right to hold"),
    RightKind.USE: RightLabels("数据加工使用权", "数据使用权", "right to use"),
    RightKind.OPERATE: RightLabels("数据产品经营权", "数据经营权", "right to operate"),
}


@dataclass(frozen=True, slots=True)
class Right:
    """A right as far as terms are concerned; `valid_until` None means without end. Instants are UTC."""

    id: UUID
    kind: RightKind
    valid_from: datetime
    valid_until: datetime | None


def require_term(valid_from: datetime, valid_until: datetime | None) -> None:
    """Refuse a right that ends at or before its beginning.

    :raises RightTermReversed: it does.
    """
    if valid_until is not None and valid_until <= valid_from:
        raise RightTermReversed(
            Message("valid_until is not after valid_from."),
            remedy=Message("Give an end after the beginning, or none for a right without end."),
        )


def holding_right(rights: Iterable[Right], start: datetime, end: datetime) -> Right:
    """The HOLD right that covers the half-open term [start, end).

    Of several, the one that lasts longest: nobody authorises what they do not hold.

    :raises RightMissing: none covers all of the term.
    """
    covering = [
        right
        for right in rights
        if right.kind is RightKind.HOLD
        and right.valid_from <= start
        and (right.valid_until is None or right.valid_until >= end)
    ]
    if not covering:
        raise RightMissing(
            Message(
                "No right to hold (持有权) that is not suspended is recorded for the resource over the whole term."
            ),
            remedy=Message(
                "Record one with POST /v1/resources/{resource_id}/rights, have its suspension lifted, or shorten the"
                " term."
            ),
        )
    return max(covering, key=lambda right: (right.valid_until is None, right.valid_until or end))
