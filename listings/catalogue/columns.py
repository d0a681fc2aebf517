"""Facets and moments of products in arrays, one place for each slot."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Table:
    """Which sets count for which values: each pair of a set and a value is a place in two arrays."""

    names: list[str]
    sets: npt.NDArray[np.int64]
    values: npt.NDArray[np.int64]

    def counts(self, totals: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Of every value how many there are, from how many there are of every set."""
        return np.bincount(self.values, totals[self.sets], len(self.names)).astype(np.int64)

    @classmethod
    def of(cls, found_by: list[frozenset[str]]) -> "_Table":
        names = sorted(set().union(*found_by))
        numbers = {name: number for number, name in enumerate(names)}
        pairs = [(place, numbers[name]) for place, values in enumerate(found_by) for name in values]
        sets, values = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
        return cls(names, sets, values)


class FacetColumn:
    """One facet: of each slot the number of its set of values.

    Products have few different sets, so that sets are counted first and values from the sets.
    """

    def __init__(self) -> None:
        # As wide as an index, which it is used as.
        self._codes = GrowingColumn(np.int64)
        self._sets: list[frozenset[str]] = []
        self._numbers: dict[frozenset[str], int] = {}
        self._table: _Table | None = None

    @property
    def size(self) -> int:
        """Bytes of memory of the array."""
        return self._codes.values.nbytes

    def set(self, slot: int, values: frozenset[str]) -> None:
        """Give a slot its values."""
        self._codes.set(slot, self._number(values))

    def _number(self, values: frozenset[str]) -> int:
        number = self._numbers.get(values)
        if number is None:
            number = self._numbers[values] = len(self._sets)
            self._sets.append(values)
            self._forget_tables()
        return number

    def _forget_tables(self) -> None:
        self._table = None

    def fill(self, slots: Slots, values: frozenset[str], count: int) -> None:
        """Give many slots the same values.

        :param count: of all slots there are.
        """
        self._codes.reserve(count)
        self._codes.values[slots] = self._number(values)

    def matching(self, slots: Slots, wanted: Collection[str]) -> Mask:
        """Which of the slots have one of the wanted values."""
        fits = (not self._found_by(number).isdisjoint(wanted) for number in range(len(self._sets)))
        return _of_sets(fits, len(self._sets), self._codes.values[slots])

    def counts(self, slots: Slots, limit: int) -> list[tuple[str, int]]:
        """The values that most of the slots have, with how many: most first, then by value.

        :param limit: of values.
        """
        table = self._table = self._table or _Table.of([self._found_by(n) for n in range(len(self._sets))])
        totals = np.bincount(self._codes.values[slots], minlength=len(self._sets))
        counts = table.counts(totals)
        shown = self._offered(totals, table, counts)
        if len(shown) > limit:
            # As many as the last one that is shown, so that which of equals are shown does not change by chance.
            least = np.partition(counts[shown], len(shown) - limit)[len(shown) - limit]
            shown = shown[counts[shown] >= least]
        found = ((table.names[value], int(counts[value])) for value in shown.tolist())
        return sorted(found, key=lambda item: (-item[1], item[0]))[:limit]

    def count(self, slots: Slots, value: str) -> int:
        """How many of the slots have a value."""
        return int(np.count_nonzero(self.matching(slots, [value]))) if self._sets else 0

    def _offered(
        self, totals: npt.NDArray[np.int64], table: "_Table", counts: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Numbers of the values that are told, of those that are found."""
        return np.flatnonzero(counts)

    def _found_by(self, number: int) -> frozenset[str]:
        """The values by which products with a set of values are found."""
        return self._sets[number]


class RegionColumn(FacetColumn):
    """Regions by division code: a product is found by regions that its own lie in, and by those in them."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, tuple[int, int]] = {}
        self._own: _Table | None = None

    def set(self, slot: int, values: frozenset[str]) -> None:
        """Give a slot its regions."""
        for code in values:
            self._learn(code)
        super().set(slot, values)

    def matching(self, slots: Slots, wanted: Collection[str]) -> Mask:
        """Which of the slots have a region that overlaps one of the wanted."""
        ranges = [region_range(code) for code in wanted]
        fits = (
            any(_overlap(self._known[code], other) for code in values for other in ranges)
            for values in self._sets
        )
        return _of_sets(fits, len(self._sets), self._codes.values[slots])

    def _forget_tables(self) -> None:
        super()._forget_tables()
        self._own = None

    def _offered(
        self, totals: npt.NDArray[np.int64], table: "_Table", counts: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        # A region that overlaps those of the products that were found and is none of theirs says nothing of them.
        own = self._own = self._own or _Table.of(self._sets)
        # Every known region is one of some product's own, so that both tables number the same names.
        return np.flatnonzero(own.counts(totals))

    def _learn(self, code: str) -> None:
        if code not in self._known:
            self._known[code] = region_range(code)

    def _found_by(self, number: int) -> frozenset[str]:
        own = [self._known[code] for code in self._sets[number]]
        return frozenset(
            code for code, area in self._known.items() if any(_overlap(area, other) for other in own)
        )


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _of_sets(fits: Iterable[bool], count: int, numbers: Slots) -> Mask:
    """Whether the set of each number fits."""
    found: Mask = np.fromiter(fits, np.bool_, count)[numbers]
    return found
