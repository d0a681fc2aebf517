"""Which slots have every part of a query, and how well each fits. Pure.

How well depends on the product and the query alone: what else there is on the market changes no product's place among
the others, so that a page goes on where the last one ended.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from listings.catalogue.columns import Mask, Slots
from listings.catalogue.postings import FIELD_BITS, FIELD_MASK, Part, Postings, beginning, exact
from listings.catalogue.terms import Field, Query, Run, Word

WEIGHTS = {
    # A title outweighs everything else together.
    Field.TITLE: 200,
    Field.THEME: 60,
    Field.COLUMN: 40,
    Field.PARTY: 40,
    Field.DESCRIPTION: 20,
}
_SCATTERED = 1

_Fields = npt.NDArray[np.uint8]
_Weights = npt.NDArray[np.int64]

_WHOLE = np.array(
    [sum(weight for field, weight in WEIGHTS.items() if fields & field) for fields in range(FIELD_MASK + 1)],
    np.int16,
)
# The beginning of a word, and the half of what a match as typed counts.
_BEGUN = _WHOLE // 2
_WIDE = 4


@dataclass(frozen=True, slots=True)
class Matches:
    """Slots, each with how well it fits; alike where nothing was asked for."""

    slots: Slots
    relevance: npt.NDArray[np.int64]

    def where(self, mask: Mask) -> "Matches":
        """Some of them."""
        return Matches(self.slots[mask], self.relevance[mask])


def match(parts: Iterable[Part], query: Query, on_market: Mask) -> Matches:
    """The slots on the market that have every part of a query."""
    places = list(parts)
    present = on_market.copy()
    weighers: list[Callable[[Slots], _Weights]] = []
    for part in query.parts:
        fits, weigh = (
            _match_run(places, part, len(present))
            if isinstance(part, Run)
            else _match_word(places, part, len(present))
        )
        present &= fits
        weighers.append(weigh)
    slots = np.flatnonzero(present)
    relevance = np.zeros(len(slots), np.int64)
    if len(slots):
        for weigh in weighers:
            relevance += weigh(slots)
        for term in query.neighbours:
            relevance += _BEGUN[_fields(exact(places, [term]), len(present))[slots]]
    return Matches(slots, relevance)


def _fields(found: Iterable[Postings], count: int) -> _Fields:
    """Of every slot the fields that a term is in, 0 where it is in none."""
    fields = np.zeros(count, np.uint8)
    for postings in found:
        fields[postings >> FIELD_BITS] |= (postings & FIELD_MASK).astype(np.uint8)
    return fields


def _match_run(parts: list[Part], run: Run, count: int) -> tuple[Mask, Callable[[Slots], _Weights]]:
    together = np.full(count, FIELD_MASK, np.uint8)
    present = np.ones(count, np.bool_)
    for gram in run.grams:
        fields = _fields(exact(parts, [gram]), count)
        together &= fields
        present &= fields > 0
    return present, partial(_weigh_run, together)


def _weigh_run(together: _Fields, slots: Slots) -> _Weights:
    # Only a field that has all the pairs can have the run as it was typed.
    return _WHOLE[together[slots]].astype(np.int64) + _SCATTERED


def _match_word(parts: list[Part], word: Word, count: int) -> tuple[Mask, Callable[[Slots], _Weights]]:
    whole = _fields(exact(parts, word.forms), count)
    if word.phrase:
        side_by_side = np.full(count, FIELD_MASK, np.uint8)
        for pair in word.phrase:
            side_by_side &= _fields(exact(parts, [pair]), count)
        whole |= side_by_side
    begun = np.zeros(count, np.int16)
    for postings in beginning(parts, word.forms):
        slots = postings >> FIELD_BITS
        if len(postings) > _WIDE * count:
            # The first letter of half of all words: that is no sign of how well a product fits.
            begun[slots] = np.maximum(begun[slots], _SCATTERED)
        else:
            np.maximum.at(begun, slots, _BEGUN[postings & FIELD_MASK])
    return (whole > 0) | (begun > 0), partial(_weigh_word, whole, begun)


def _weigh_word(whole: _Fields, begun: npt.NDArray[np.int16], slots: Slots) -> _Weights:
    return np.maximum(_WHOLE[whole[slots]], begun[slots]).astype(np.int64)
