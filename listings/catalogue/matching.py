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
from listings.catalogue.postings import FIELD_BITS, FIELD_MASK, Part, Postings, SortedPart, exact
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

_MANY = 20_000
"""What so many postings of words with one beginning come to is kept."""
_MOST_KEPT = 64


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
    for number, postings in enumerate(found):
        # No slot is twice in the postings of one term.
        slots, told = (postings >> FIELD_BITS).astype(np.int64), postings.astype(np.uint8)
        if number:
            told |= fields[slots]
        fields[slots] = told
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
    for start in word.forms:
        for part in parts:
            weights = _begun(part, start)
            np.maximum(begun[: len(weights)], weights, out=begun[: len(weights)])
    return (whole > 0) | (begun > 0), partial(_weigh_word, whole, begun)


def _begun(part: Part, start: str) -> npt.NDArray[np.int16]:
    """Of every slot that a part knows what the best of its words with this beginning counts."""
    kept = part.begun if isinstance(part, SortedPart) else {}
    if start in kept:
        return kept[start]
    postings = part.beginning(start)
    slots = postings >> FIELD_BITS
    weights = np.zeros(int(slots.max()) + 1 if len(slots) else 0, np.int16)
    np.maximum.at(weights, slots, _BEGUN[postings & FIELD_MASK])
    if len(postings) > _MANY:
        if len(kept) == _MOST_KEPT:
            del kept[next(iter(kept))]
        kept[start] = weights
    return weights


def _weigh_word(whole: _Fields, begun: npt.NDArray[np.int16], slots: Slots) -> _Weights:
    return np.maximum(_WHOLE[whole[slots]], begun[slots]).astype(np.int64)
