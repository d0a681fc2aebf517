"""The order of titles. Pure."""

from bisect import bisect_right
from uuid import UUID

import numpy as np
import numpy.typing as npt

from listings.catalogue.terms import normalised

KEY_BYTES = 96
_ID_BYTES = 16
_LAST_ID = (1 << 128) - 1
_FEW = 64
"""So many changed titles are put among the others one by one."""


def title_key(title: str) -> bytes:
    """What a title is ordered by: its beginning, as it is compared.

    In GB 18030 the characters in common use stand in the order of their Pinyin, after Latin letters and digits.
    """
    return normalised(title).encode("gb18030")[:KEY_BYTES]


def _place(key: bytes, product_id: UUID) -> bytes:
    # No text of the database has the character zero; among equals the newer product comes first.
    return key + b"\0" + (_LAST_ID - product_id.int).to_bytes(_ID_BYTES)


class TitleOrder:
    """Slots in the order of their titles; put in order when that is asked for, and only what has changed anew."""

    def __init__(self) -> None:
        self._places: list[bytes | None] = []
        self._order: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._ranks: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._changed: set[int] = set()

    def set(self, slot: int, key: bytes, product_id: UUID) -> None:
        """Give a slot its title; among equals the newer product comes first."""
        place = _place(key, product_id)
        self._places.extend([None] * (slot + 1 - len(self._places)))
        if self._places[slot] != place:
            self._places[slot] = place
            self._changed.add(slot)

    def remove(self, slot: int) -> None:
        """Forget a slot."""
        self._places[slot] = None
        self._changed.add(slot)

    def key(self, slot: int) -> bytes:
        """The key of a slot."""
        return self._place_of(slot)[: -1 - _ID_BYTES]

    def values(self, slots: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """What the slots are ordered by, the greatest first."""
        self._put_in_order()
        return -2 * self._ranks[slots]

    def value_after(self, key: bytes, product_id: UUID) -> int:
        """What comes after a title and an id, whether there still is such a product or not, is less than this."""
        self._put_in_order()
        return -2 * self._after(_place(key, product_id)) + 1

    def _place_of(self, slot: int) -> bytes:
        place = self._places[slot]
        assert place is not None, "a slot in use has its title"
        return place

    def _after(self, place: bytes) -> int:
        return bisect_right(self._order, place, key=self._place_of)

    def _put_in_order(self) -> None:
        if not self._changed:
            return
        if len(self._changed) > _FEW:
            known = (slot for slot, place in enumerate(self._places) if place is not None)
            self._order = np.array(sorted(known, key=self._place_of), np.int32)
        else:
            coming = (slot for slot in self._changed if self._places[slot] is not None)
            added = sorted(coming, key=self._place_of)
            self._order = self._order[~np.isin(self._order, list(self._changed))]
            self._order = np.insert(self._order, [self._after(self._place_of(slot)) for slot in added], added)
        self._ranks = np.zeros(len(self._places), np.int64)
        self._ranks[self._order] = np.arange(len(self._order))
        self._changed.clear()
