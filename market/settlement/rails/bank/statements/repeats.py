"""When two entries are one movement of money, pure.

A bank names a movement by its own reference (AcctSvcrRef), and many leave it out or write a word instead of one. So an
entry is the same as one of another statement if both have a usable reference, and it, the booking day and the signed
amount are equal; without a reference entries of different statements are different movements, whatever else is equal,
since two buyers may well pay the same on the same day. That statements cannot overlap, and go on from each other's
balances, holds for both. NtryRef counts within one statement and names nothing beyond it.

A corrected statement is compared with its forerunner alone, so there equal texts do as well.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Movement:
    """What identifies an entry.

    :param root_id: the entry that is booked for it; None: not booked yet.
    """

    number: int
    servicer_reference: str | None
    bank_reference: str
    booked_on: date
    signed_minor: int
    texts: tuple[str, ...]
    counterparty: str
    root_id: UUID | None = None


def already_booked(entries: Sequence[Movement], booked: Sequence[Movement]) -> dict[int, UUID]:
    """The entries of a new statement that other statements have, by number, each with the entry that is booked.

    A reference that is there twice is two movements, such as those of a batch, so as many are the same as are booked.
    """
    return _pair(entries, booked, _by_reference)


def staying(corrected: Sequence[Movement], former: Sequence[Movement]) -> dict[int, UUID]:
    """The entries of a corrected statement that its forerunner has, by number, each with the entry that is booked."""
    paired = _pair(corrected, former, _exactly)
    for key, of_corrected, of_former in (
        (_by_reference, _any, _any),
        # Two references are two movements; where one of the two lacks it, the rest tells.
        (_by_texts, _unnamed, _any),
        (_by_texts, _any, _unnamed),
    ):
        taken = set(paired.values())
        paired |= _pair(
            [entry for entry in corrected if entry.number not in paired and of_corrected(entry)],
            [entry for entry in former if entry.root_id not in taken and of_former(entry)],
            key,
        )
    return paired


def _any(_: Movement) -> bool:
    return True


def _unnamed(entry: Movement) -> bool:
    return entry.servicer_reference is None


def _pair(
    entries: Sequence[Movement], booked: Sequence[Movement], key: Callable[[Movement], Hashable]
) -> dict[int, UUID]:
    waiting: dict[Hashable, list[UUID]] = defaultdict(list)
    for entry in booked:
        if entry.root_id is not None:
            waiting[key(entry)].append(entry.root_id)
    paired = {}
    for entry in entries:
        found = waiting.get(key(entry)) if key(entry) is not None else None
        if found:
            paired[entry.number] = found.pop(0)
    return paired


def _by_reference(entry: Movement) -> Hashable:
    if entry.servicer_reference is None:
        return None
    return entry.servicer_reference, entry.booked_on, entry.signed_minor


def _by_texts(entry: Movement) -> Hashable:
    return entry.booked_on, entry.signed_minor, entry.texts, entry.counterparty


def _exactly(entry: Movement) -> Hashable:
    return _by_texts(entry), entry.bank_reference
