"""Which products have which terms: a compact, sorted part that is never changed, and a small one that grows.

A posting is one number: the slot of a product, and in its lowest eight bits the fields that the term is in.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

import numpy as np
import numpy.typing as npt

Postings = npt.NDArray[np.uint32]

FIELD_BITS = 8
FIELD_MASK = (1 << FIELD_BITS) - 1
MAX_SLOTS = 1 << (32 - FIELD_BITS)


class SortedPart:
    """Terms in the order of their bytes, with the postings of each; all in a few arrays."""

    def __init__(
        self, text: bytes, ends: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64], postings: Postings
    ) -> None:
        self._text = text
        self._ends = ends
        self._offsets = offsets
        self._postings = postings

    @classmethod
    def empty(cls) -> "SortedPart":
        """A part without a term."""
        return cls(b"", np.zeros(0, np.uint32), np.zeros(1, np.int64), np.zeros(0, np.uint32))

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return len(self._text) + self._ends.nbytes + self._offsets.nbytes + self._postings.nbytes

    @property
    def count(self) -> int:
        """How many postings there are."""
        return len(self._postings)

    def _term(self, at: int) -> bytes:
        return self._text[int(self._ends[at - 1]) if at else 0 : int(self._ends[at])]

    def _lower_bound(self, term: bytes) -> int:
        low, high = 0, len(self._ends)
        while low < high:
            middle = (low + high) // 2
            if self._term(middle) < term:
                low = middle + 1
            else:
                high = middle
        return low

    def exact(self, term: str) -> Postings:
        """Postings of a term; no slot is there twice."""
        key = term.encode()
        at = self._lower_bound(key)
        if at == len(self._ends) or self._term(at) != key:
            return self._postings[:0]
        return self._postings[self._offsets[at] : self._offsets[at + 1]]

    def beginning(self, start: str) -> Postings:
        """Postings of all terms that begin so; a slot may be there several times."""
        key = start.encode()
        # No UTF-8 text has the byte 0xFF.
        first, last = self._lower_bound(key), self._lower_bound(key + b"\xff")
        return self._postings[self._offsets[first] : self._offsets[last]]

    def merged(self, added: Mapping[str, "array[int]"], alive: npt.NDArray[np.bool_]) -> "SortedPart":
        """This part and what was added since, without the slots that are not alive."""
        kept = alive[self._postings >> FIELD_BITS]
        totals = np.concatenate(([0], np.cumsum(kept)))[self._offsets]
        old = self._postings[kept]
        keys: list[bytes] = []
        sizes: list[int] = []
        pieces: list[Postings] = []

        def take_old(first: int, last: int) -> None:
            pieces.append(old[totals[first] : totals[last]])
            for at in range(first, last):
                if size := int(totals[at + 1] - totals[at]):
                    keys.append(self._term(at))
                    sizes.append(size)

        done = 0
        for key in sorted(term.encode() for term in added):
            found = np.frombuffer(added[key.decode()], np.uint32)
            found = found[alive[found >> FIELD_BITS]]
            at = self._lower_bound(key)
            take_old(done, at)
            done = at
            before = 0
            if at < len(self._ends) and self._term(at) == key:
                pieces.append(old[totals[at] : totals[at + 1]])
                before, done = len(pieces[-1]), at + 1
            if before + len(found):
                pieces.append(found)
                keys.append(key)
                sizes.append(before + len(found))
        take_old(done, len(self._ends))
        return SortedPart(
            b"".join(keys),
            np.fromiter(accumulate(map(len, keys)), np.uint32, len(keys)),
            np.fromiter(accumulate(sizes, initial=0), np.int64, len(sizes) + 1),
            np.concatenate(pieces),
        )


class GrowingPart:
    """What was added since the sorted part was made."""

    def __init__(self) -> None:
        self.terms: dict[str, array[int]] = {}
        self.count = 0
        self._sorted: list[str] = []

    def add(self, slot: int, terms: Mapping[str, int]) -> None:
        """A product's terms with their fields."""
        for term, fields in terms.items():
            known = self.terms.get(term)
            if known is None:
                known = self.terms[term] = array("I")
            known.append(slot << FIELD_BITS | fields)
        self.count += len(terms)

    def exact(self, term: str) -> Postings:
        """Postings of a term; no slot that is in use is there twice."""
        found = self.terms.get(term)
        # Copied: an array that numpy looks into cannot grow.
        return np.array(found, np.uint32) if found is not None else np.zeros(0, np.uint32)

    def beginning(self, start: str) -> Postings:
        """Postings of all terms that begin so; a slot may be there several times."""
        found = [self.exact(term) for term in self._beginning(start)]
        return np.concatenate(found) if found else np.zeros(0, np.uint32)

    def _beginning(self, start: str) -> Iterator[str]:
        if len(self._sorted) != len(self.terms):
            self._sorted = sorted(self.terms)
        low, high = 0, len(self._sorted)
        while low < high:
            middle = (low + high) // 2
            if self._sorted[middle] < start:
                low = middle + 1
            else:
                high = middle
        for at in range(low, len(self._sorted)):
            if not self._sorted[at].startswith(start):
                return
            yield self._sorted[at]


Part = SortedPart | GrowingPart


def exact(parts: Iterable[Part], terms: Iterable[str]) -> list[Postings]:
    """Postings of terms in several parts, without the empty ones."""
    return [found for part in parts for term in terms if len(found := part.exact(term))]


def beginning(parts: Iterable[Part], starts: Iterable[str]) -> list[Postings]:
    """Postings of all terms with one of several beginnings in several parts, without the empty ones."""
    return [found for part in parts for start in starts if len(found := part.beginning(start))]
