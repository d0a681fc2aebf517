"""The order of titles. Pure."""

from bisect import bisect_right
from uuid import UUID

import numpy as np
import numpy.typing as npt

from listings.catalogue.terms import normalised

KEY_BYTES = 96


def title_key(title: str) -> bytes:
    """What a title is ordered by: its beginning, as it is compared.

    In GB 18030 the characters in common use stand in the order of their Pinyin, after Latin letters and digits.
    """
    return normalised(title).encode("gb18030")[:KEY_BYTES]


class TitleOrder:
    """Slots in the order of their titles; put in order when that is asked for, and only what has changed anew."""

    def __init__(self) -> None:
        self._keys: dict[int, tuple[bytes, int]] = {}
        self._order: list[int] = []
        self._ranks: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._changed = True

    def set(self, slot: int, key: bytes, product_id: UUID) -> None:
        """Give a slot its title; among equals the newer product comes first."""
        entry = (key, -product_id.int)
        known = self._keys.get(slot)
        if known != entry:
            if known is None:
                self._order.append(slot)
            self._keys[slot] = entry
            self._changed = True

    def remove(self, slot: int) -> None:
        """Forget a slot."""
        if self._keys.pop(slot, None) is not None:
            self._changed = True

    def key(self, slot: int) -> bytes:
        """The key of a slot."""
        return self._keys[slot][0]

    def values(self, slots: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
        """What the slots are ordered by, the greatest first.

        :param count: of all slots there are.
        """
        self._put_in_order(count)
        return -2 * self._ranks[slots]

    def value_after(self, key: bytes, product_id: UUID, count: int) -> int:
        """What comes after a title and an id, whether there still is such a product or not, is less than this."""
        self._put_in_order(count)
        at = bisect_right(self._order, (key, -product_id.int), key=self._keys.__getitem__)
        return -2 * at + 1

    def _put_in_order(self, count: int) -> None:
        if self._changed or len(self._ranks) < count:
            # dict.fromkeys: a slot that was freed and taken again is there once.
            self._order = [slot for slot in dict.fromkeys(self._order) if slot in self._keys]
            self._order.sort(key=self._keys.__getitem__)
            self._ranks = np.zeros(count, np.int64)
            self._ranks[self._order] = np.arange(len(self._order))
            self._changed = False
