"""The three rights to data: which resource rests on them for a whole term, and what may be granted of them.

The field's own texts name the rights differently (数据二十条 of 2022: 持有/加工使用/产品经营; the model
contracts of 2025: 持有/使用/经营), so the code is neutral and both label sets are shown.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from infra.messages import Message
from listings.rights.errors import RightMissing, RightNotGrantable, RightTermReversed

MAX_CHAIN = 8
"""Most rights one above the other, from the newest grant up to the source agency's."""


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


class GrantForm(StrEnum):
    """Whether the grantor keeps its right beside the one it grants."""

    GRANT = "grant"
    TRANSFER = "transfer"


class EncumbranceKind(StrEnum):
    """What weighs on a right: while it is in force, the right is neither transferred nor granted on."""

    DISPUTE = "dispute"
    PLEDGE = "pledge"
    FREEZE = "freeze"


GRANTABLE = {
    RightKind.HOLD: frozenset(RightKind),
    RightKind.USE: frozenset({RightKind.USE}),
    RightKind.OPERATE: frozenset({RightKind.OPERATE}),
}
"""What a right's holder may grant of it: nobody grants more than they have."""


@dataclass(frozen=True, slots=True)
class Right:
    """A right as far as terms and grants are concerned; `valid_until` None means without end. Instants are UTC.

    :ivar may_grant: whether its holder may grant it on, also by authorising an operator.
    """

    id: UUID
    kind: RightKind
    valid_from: datetime
    valid_until: datetime | None
    may_grant: bool = True

    def covers(self, start: datetime, end: datetime | None) -> bool:
        """Whether the right lasts over all of the half-open term [start, end); no `end` means without end."""
        if start < self.valid_from:
            return False
        return self.valid_until is None or (end is not None and end <= self.valid_until)


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
    covering = [right for right in rights if right.kind is RightKind.HOLD and right.covers(start, end)]
    if not covering:
        raise RightMissing(
            Message(
                "No right to hold (持有权) that is neither suspended nor encumbered is recorded for the owner of the"
                " resource over the whole term."
            ),
            remedy=Message(
                "Record one with POST /v1/resources/{resource_id}/rights, have what weighs on it lifted, or shorten the"
                " term; GET /v1/rights/{right_id}/chain-of-title shows what does."
            ),
        )
    if not any(right.may_grant for right in covering):
        raise RightNotGrantable(
            Message(
                "The right to hold the resource was granted to its owner without the right to grant it on."
            ),
            remedy=Message("Ask whoever granted it for a grant that may be granted on."),
        )
    covering = [right for right in covering if right.may_grant]
    return max(covering, key=lambda right: (right.valid_until is None, right.valid_until or end))


def require_grantable(
    right: Right, form: GrantForm, kind: RightKind, start: datetime, end: datetime | None, *, depth: int
) -> None:
    """Refuse a grant of more than the grantor has.

    :param right: the grantor's.
    :param form: a transfer passes on the right itself, so its kind stays.
    :param depth: rights from the source agency's down to the grantor's, both included.
    :raises RightNotGrantable: it was granted without the right to grant on, is of another kind, does not last
        so long, or is too far from the source agency.
    """
    if not right.may_grant:
        raise RightNotGrantable(
            Message("The right was granted to you without the right to grant it on."),
            remedy=Message("Ask whoever granted it for a grant that may be granted on."),
        )
    allowed = frozenset({right.kind}) if form is GrantForm.TRANSFER else GRANTABLE[right.kind]
    if kind not in allowed:
        raise RightNotGrantable(
            Message(
                "A right of the kind {own} cannot give one of the kind {kind}.", own=right.kind, kind=kind
            ),
            remedy=Message("Grant one of: {allowed}.", allowed=", ".join(sorted(allowed))),
        )
    if not right.covers(start, end):
        raise RightNotGrantable(
            Message("Your right does not last over the whole term of the grant."),
            remedy=Message("Give a term within that of your right."),
        )
    if depth >= MAX_CHAIN:
        raise RightNotGrantable(
            Message("The right is {depth} grants away from the source agency already.", depth=depth),
            remedy=Message("Let an organisation nearer to the source agency grant the right."),
        )


def below(parents: Mapping[UUID, UUID | None], stopped: Collection[UUID]) -> set[UUID]:
    """The rights that hang below one of the stopped ones, at whatever depth.

    :param parents: the right that each right of a resource was granted from, None for the source agency's.
    """
    found = set()
    for right_id in parents:
        above = parents[right_id]
        while above is not None:
            if above in stopped:
                found.add(right_id)
                break
            above = parents[above]
    return found


def title_chain(parents: Mapping[UUID, UUID | None], right_id: UUID) -> list[UUID]:
    """The rights from this one up to the source agency's."""
    chain, current = [], right_id
    while True:
        chain.append(current)
        above = parents[current]
        if above is None:
            return chain
        current = above
