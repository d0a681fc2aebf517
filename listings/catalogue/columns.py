"""Facets and moments of products in arrays, one place for each slot."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from listings.authorisations.regions import region_range

Slots = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_FEW = 4_096
"""So many pairs are counted as they come."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * _SECOND + passed.microseconds


class GrowingColumn:
    """An array that makes room for more slots when it has to."""

    def __init__(self, dtype: Any) -> None:
        self.values: npt.NDArray[Any] = np.zeros(64, dtype)

    def reserve(self, count: int) -> None:
        """Make room for so many slots."""
        while count > len(self.values):
            self.values = np.concatenate((self.values, np.zeros_like(self.values)))

    def set(self, slot: int, value: int) -> None:
        """Put a value into a slot."""
        self.reserve(slot + 1)
        self.values[slot] = value


class _Pairs:
    """Which sets count for which values: each pair of a set and a value is a place in two arrays.

    Many pairs are kept in the order of their values besides, so that counting them is one pass over memory.
    """

    def __init__(self) -> None:
        self._sets, self._values = GrowingColumn(np.int64), GrowingColumn(np.int64)
        self._count = 0
        self._ordered = 0
        self._sets_in_order = self._known = self._starts = np.zeros(0, np.int64)

    def add(self, sets: "npt.ArrayLike", values: "npt.ArrayLike") -> None:
        """Add pairs: many sets for one value, or one set for many values."""
        added_sets, added_values = np.broadcast_arrays(
            np.asarray(sets, np.int64), np.asarray(values, np.int64)
        )
        end = self._count + added_sets.size
        for column, added in ((self._sets, added_sets), (self._values, added_values)):
            column.reserve(end)
            column.values[self._count : end] = added
        self._count = end

    def counts(self, totals: npt.NDArray[np.int64], values: int) -> npt.NDArray[np.int64]:
        """Of every value how many there are, from how many there are of every set."""
        if self._count > _FEW + self._ordered * 9 // 8:
            self._put_in_order()
        rest = slice(self._ordered, self._count)
        counts = np.bincount(self._values.values[rest], totals[self._sets.values[rest]], values).astype(
            np.int64
        )
        if self._ordered:
            counts[self._known] += np.add.reduceat(totals[self._sets_in_order], self._starts)
        return counts

    def _put_in_order(self) -> None:
        self._ordered = self._count
        order = np.argsort(self._values.values[: self._count], kind="stable")
        self._sets_in_order = self._sets.values[order]
        self._known, self._starts = np.unique(self._values.values[order], return_index=True)

    def sets_of(self, values: Mask) -> npt.NDArray[np.int64]:
        """The sets that count for one of the values."""
        found: npt.NDArray[np.int64] = self._sets.values[: self._count][
            values[self._values.values[: self._count]]
        ]
        return found


class FacetColumn:
    """One facet: of each slot the number of its set of values.

    Products have few different sets, so that sets are counted first and values from the sets.
    """

    def __init__(self) -> None:
        # As narrow as the numbers are: a search reads all facets, and memory is slower than counting.
        self._codes = GrowingColumn(np.uint8)
        self._sets: dict[frozenset[str], int] = {}
        self._values: dict[str, int] = {}
        self._names: list[str] = []
        self._own = self._found_by = _Pairs()

    @property
    def size(self) -> int:
        """Bytes of memory of the array."""
        return self._codes.values.nbytes

    def set(self, slot: int, values: frozenset[str]) -> None:
        """Give a slot its values."""
        self._codes.set(slot, self._number(values))

    def fill(self, slots: Slots, values: frozenset[str], count: int) -> None:
        """Give many slots the same values.

        :param count: of all slots there are.
        """
        self._codes.reserve(count)
        self._codes.values[slots] = self._number(values)

    def matching(self, slots: Slots, wanted: Collection[str]) -> Mask:
        """Which of the slots have one of the wanted values."""
        fits = np.zeros(len(self._sets), np.bool_)
        fits[self._own.sets_of(self._wanted(wanted))] = True
        found: Mask = fits[self._codes.values[slots]]
        return found

    def counts(self, slots: Slots, limit: int) -> list[tuple[str, int]]:
        """The values that most of the slots have, with how many: most first, then by value.

        :param limit: of values.
        """
        totals = np.bincount(self._codes.values[slots], minlength=len(self._sets))
        counts = self._found_by.counts(totals, len(self._names))
        # A value by which products of others are found, as a region in theirs, says nothing of those that were found.
        own = counts if self._own is self._found_by else self._own.counts(totals, len(self._names))
        shown = np.flatnonzero(own)
        if len(shown) > limit:
            # As many as the last one that is shown, so that which of equals are shown does not change by chance.
            least = np.partition(counts[shown], len(shown) - limit)[len(shown) - limit]
            shown = shown[counts[shown] >= least]
        found = zip(map(self._names.__getitem__, shown.tolist()), counts[shown].tolist(), strict=True)
        return sorted(found, key=lambda item: (-item[1], item[0]))[:limit]

    def count(self, slots: Slots, value: str) -> int:
        """How many of the slots have a value."""
        return int(np.count_nonzero(self.matching(slots, [value])))

    def _number(self, values: frozenset[str]) -> int:
        number = self._sets.get(values)
        if number is None:
            number = self._sets[values] = len(self._sets)
            self._codes.values = self._codes.values.astype(
                np.promote_types(self._codes.values.dtype, np.min_scalar_type(number)), copy=False
            )
            self._learn_set(number, [self._value(value) for value in values])
        return number

    def _value(self, name: str) -> int:
        number = self._values.get(name)
        if number is None:
            number = self._values[name] = len(self._names)
            self._names.append(name)
            self._learn_value(number, name)
        return number

    def _learn_set(self, number: int, values: list[int]) -> None:
        self._own.add(number, values)

    def _learn_value(self, number: int, name: str) -> None:
        """Take note of a value that no set has had before."""

    def _wanted(self, names: Collection[str]) -> Mask:
        """The values for which one of the names stands."""
        wanted = np.zeros(len(self._names), np.bool_)
        wanted[[self._values[name] for name in names if name in self._values]] = True
        return wanted


class RegionColumn(FacetColumn):
    """Regions by division code: a product is found by regions that its own lie in, and by those in them."""

    def __init__(self) -> None:
        super().__init__()
        self._found_by = _Pairs()
        self._low, self._high = GrowingColumn(np.int64), GrowingColumn(np.int64)

    def _learn_value(self, number: int, name: str) -> None:
        low, high = region_range(name)
        self._low.set(number, low)
        self._high.set(number, high)
        self._found_by.add(np.unique(self._own.sets_of(self._overlapping(low, high))), number)

    def _learn_set(self, number: int, values: list[int]) -> None:
        super()._learn_set(number, values)
        own = zip(self._low.values[values].tolist(), self._high.values[values].tolist(), strict=True)
        found_by = np.zeros(len(self._names), np.bool_)
        for low, high in own:
            found_by |= self._overlapping(low, high)
        self._found_by.add(number, np.flatnonzero(found_by))

    def _wanted(self, names: Collection[str]) -> Mask:
        wanted = np.zeros(len(self._names), np.bool_)
        for name in names:
            wanted |= self._overlapping(*region_range(name))
        return wanted

    def _overlapping(self, low: int, high: int) -> Mask:
        count = len(self._names)
        found: Mask = (self._low.values[:count] < high) & (low < self._high.values[:count])
        return found
