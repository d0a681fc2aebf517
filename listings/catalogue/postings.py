"""Which products have which terms: a compact, sorted part that is never changed, and a small one that grows.

A posting is one number: the slot of a product, and in its lowest eight bits the fields that the term is in.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, compress, islice

import numpy as np
import numpy.typing as npt

Postings = npt.NDArray[np.uint32]

FIELD_BITS = 8
FIELD_MASK = (1 << FIELD_BITS) - 1
MAX_SLOTS = 1 << (32 - FIELD_BITS)

_BLOCK = 1_000_000


class SortedPart:
    """Terms in the order of their bytes, with the postings of each; all in a few arrays.

    :ivar begun: what `listings.catalogue.matching` keeps of the beginnings of words.
    """

    def __init__(
        self, text: bytes, ends: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64], postings: Postings
    ) -> None:
        self._text = text
        self._ends = ends
        self._offsets = offsets
        self._postings = postings
        self.begun: dict[str, npt.NDArray[np.int16]] = {}

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
        return bisect_left(range(len(self._ends)), term, key=self._term)

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
        kept = _alive(self._postings, alive)
        old_sizes = _sums(kept, self._offsets)
        old_keys = list(compress(self._keys(), old_sizes.tolist()))
        old_sizes = old_sizes[old_sizes > 0]
        found = sorted((term.encode(), postings) for term, postings in added.items())
        new_postings = np.frombuffer(b"".join(postings for _, postings in found), np.uint32)
        new_kept = _alive(new_postings, alive)
        bounds = np.fromiter(accumulate((len(postings) for _, postings in found), initial=0), np.int64)
        new_sizes = _sums(new_kept, bounds)
        new_keys = list(compress((key for key, _ in found), new_sizes.tolist()))
        new_sizes = new_sizes[new_sizes > 0]

        # Where each term stands among all of them: after those before it in its own part, and those of the other.
        at = np.fromiter((bisect_left(old_keys, key) for key in new_keys), np.int64, len(new_keys))
        pairs = zip(at.tolist(), new_keys, strict=True)
        known = np.fromiter(
            (place < len(old_keys) and old_keys[place] == key for place, key in pairs),
            np.bool_,
            len(new_keys),
        )
        before = np.concatenate(([0], np.cumsum(~known)))
        new_at = at + before[:-1]
        shift = np.cumsum(np.bincount(at[~known], minlength=len(old_keys) + 1))[: len(old_keys)]
        old_at = np.arange(len(old_keys)) + shift
        sizes = np.zeros(len(old_keys) + int(before[-1]), np.int64)
        sizes[old_at] = old_sizes
        held = sizes[new_at]
        sizes[new_at] += new_sizes
        offsets = np.concatenate(([0], np.cumsum(sizes)))

        postings = np.empty(offsets[-1], np.uint32)
        _scatter(self._postings, kept, offsets[old_at], old_sizes, postings)
        _scatter(new_postings, new_kept, offsets[new_at] + held, new_sizes, postings)
        keys = sorted(old_keys + list(compress(new_keys, (~known).tolist())))
        ends = np.fromiter(accumulate(map(len, keys)), np.uint32, len(keys))
        return SortedPart(b"".join(keys), ends, offsets, postings)

    def _keys(self) -> Iterator[bytes]:
        ends = self._ends.tolist()
        return (self._text[first:last] for first, last in zip([0, *ends], ends, strict=False))


def _alive(postings: Postings, alive: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which postings are of slots that are alive."""
    kept = np.empty(len(postings), np.bool_)
    for first in range(0, len(postings), _BLOCK):
        block = slice(first, first + _BLOCK)
        kept[block] = alive[postings[block] >> FIELD_BITS]
    return kept


def _sums(kept: npt.NDArray[np.bool_], bounds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many are kept between every two bounds, none of which is empty."""
    if len(bounds) == 1:
        return np.zeros(0, np.int64)
    return np.add.reduceat(kept, bounds[:-1], dtype=np.int64)


def _scatter(
    postings: Postings,
    kept: npt.NDArray[np.bool_],
    starts: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    into: Postings,
) -> None:
    """Copy the kept postings, so many for each term, to where its own begin; block by block, to take little memory.

    :param starts: of each term.
    """
    ends = np.cumsum(sizes)
    move = starts - (ends - sizes)
    done = 0
    for first in range(0, len(postings), _BLOCK):
        block = postings[first : first + _BLOCK][kept[first : first + _BLOCK]]
        end = done + len(block)
        low, high = np.searchsorted(ends, (done, end), "right")
        inside = np.diff(np.minimum(ends[low : high + 1], end), prepend=done)
        into[np.arange(done, end) + np.repeat(move[low : high + 1], inside)] = block
        done = end


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
        found = array("I")
        for term in self._beginning(start):
            found.extend(self.terms[term])
        return np.frombuffer(found, np.uint32)

    def _beginning(self, start: str) -> Iterator[str]:
        if len(self._sorted) < len(self.terms):
            self._sorted += islice(self.terms, len(self._sorted), None)
            self._sorted.sort()
        for at in range(bisect_left(self._sorted, start), len(self._sorted)):
            if not self._sorted[at].startswith(start):
                return
            yield self._sorted[at]


Part = SortedPart | GrowingPart


def exact(parts: Iterable[Part], terms: Iterable[str]) -> list[Postings]:
    """Postings of terms in several parts, without the empty ones."""
    return [found for part in parts for term in terms if len(found := part.exact(term))]
