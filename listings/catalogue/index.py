"""The catalogue in memory: products on the market, found by words, narrowed by facets, counted and put in order.

It knows nothing that the database does not: `listings.catalogue.following` fills it and keeps it up to date.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt

from listings.catalogue.answers import Answers
from listings.catalogue.columns import (
    NEVER,
    FacetColumn,
    GrowingColumn,
    Mask,
    RegionColumn,
    micros,
)
from listings.catalogue.entries import CatalogueEntry, CatalogueSort, Facet
from listings.catalogue.matching import Matches, match
from listings.catalogue.postings import MAX_SLOTS, GrowingPart, Part, SortedPart
from listings.catalogue.ranking import Ids, Position, after, first
from listings.catalogue.terms import Query, document_terms
from listings.catalogue.titles import TitleOrder, title_key
from listings.freshness.domain import Freshness

MAX_VALUES = 50
"""Values of a facet that are counted out at most; the selected ones are besides."""

MERGE_POSTINGS = 500_000
"""So many added postings are merged into the sorted part, or an eighth of those if that is more."""

_FACETS = tuple(facet for facet in Facet if facet is not Facet.FRESHNESS)
_HALF = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    :ivar shown: one page of items as JSON, each without its closing brace, and how fresh it is.
    :ivar last: where the last item stands in the order; None where there is none after it.
    :ivar counts: of each facet the values with how many matches each would have if nothing were selected in it.
    """

    total: int
    shown: list[tuple[bytes, Freshness]]
    last: tuple[UUID, bytes] | None
    counts: Mapping[Facet, list[tuple[str, int]]]


class CatalogueIndex:
    """Products on the market, one in each slot. Not to be used from two threads, but for `merge`.

    :ivar answers: kept by whoever searches, until something changes.
    """

    def __init__(self) -> None:
        self.answers = Answers()
        self._slots: dict[UUID, int] = {}
        self._sorted = SortedPart.empty()
        self._frozen: GrowingPart | None = None
        self._growing = GrowingPart()
        self._next = 0
        self._free: list[int] = []
        self._ended: list[int] = []
        self._items: list[tuple[bytes, ...] | None] = []
        self._alive = GrowingColumn(np.bool_)
        self._texts = GrowingColumn(np.int64)
        self._high, self._low = GrowingColumn(np.uint64), GrowingColumn(np.uint64)
        self._from, self._until = GrowingColumn(np.int64), GrowingColumn(np.int64)
        self._late = GrowingColumn(np.int64)
        self._published, self._updated = GrowingColumn(np.int64), GrowingColumn(np.int64)
        self._score = GrowingColumn(np.int64)
        self._facets = {facet: FacetColumn() for facet in _FACETS} | {Facet.REGION: RegionColumn()}
        self._fresh = FacetColumn()
        self._titles = {CatalogueSort.TITLE_ZH: TitleOrder(), CatalogueSort.TITLE_EN: TitleOrder()}
        self._on_market: Mask = np.zeros(0, np.bool_)
        self._read_at, self._valid_until = 0, 0
        self._first_end = NEVER

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, product_id: UUID) -> bool:
        return product_id in self._slots

    @property
    def size(self) -> int:
        """Bytes that postings, items and arrays take, roughly."""
        items = sum(len(item[0]) for item in self._items if item is not None)
        arrays = sum(column.values.nbytes for column in self._columns())
        facets = sum(column.size for column in (*self._facets.values(), self._fresh))
        return self._sorted.size + 4 * self._growing.count + items + arrays + facets

    def _columns(self) -> Iterator[GrowingColumn]:
        yield from (self._alive, self._high, self._low, self._from, self._until, self._late)
        yield from (self._published, self._updated, self._score, self._texts)

    def put(self, entry: CatalogueEntry) -> None:
        """Add a product, or take what has changed of it."""
        texts = hash(entry.texts)
        slot = self._slots.get(entry.product_id)
        if slot is None or self._texts.values[slot] != texts:
            if slot is not None:
                self._end(slot)
            slot = self._slots[entry.product_id] = self._take_slot()
            self._growing.add(slot, document_terms(entry.texts))
            self._texts.set(slot, texts)
        self._items[slot] = entry.shown
        self._alive.set(slot, True)
        self._high.set(slot, entry.product_id.int >> 64)
        self._low.set(slot, entry.product_id.int & _HALF)
        self._from.set(slot, micros(entry.live_from))
        self._until.set(slot, micros(entry.live_until))
        self._first_end = min(self._first_end, micros(entry.live_until))
        self._late.set(slot, NEVER if entry.late_from is None else micros(entry.late_from))
        self._published.set(slot, micros(entry.published_at))
        self._updated.set(slot, micros(entry.updated_at))
        self._score.set(slot, entry.score)
        for facet, column in self._facets.items():
            column.set(slot, entry.facets.get(facet, frozenset()))
        self._titles[CatalogueSort.TITLE_ZH].set(slot, title_key(entry.title_zh), entry.product_id)
        self._titles[CatalogueSort.TITLE_EN].set(slot, title_key(entry.title_en), entry.product_id)
        self._valid_until = 0

    def ended(self, now: datetime) -> list[UUID]:
        """Products whose time on the market is over by the clock; they are to be read anew."""
        moment = micros(now)
        if moment < self._first_end:
            return []
        alive, ends = self._alive.values[: self._next], self._until.values[: self._next]
        self._first_end = int(ends[alive].min()) if alive.any() else NEVER
        over = alive & (ends <= moment)
        return [self._id(slot) for slot in np.flatnonzero(over).tolist()]

    def _id(self, slot: int) -> UUID:
        return UUID(int=int(self._high.values[slot]) << 64 | int(self._low.values[slot]))

    def remove(self, product_id: UUID) -> None:
        """Forget a product; nothing when it is not there."""
        slot = self._slots.pop(product_id, None)
        if slot is None:
            return
        self._end(slot)
        self._valid_until = 0

    def _take_slot(self) -> int:
        if self._free:
            return self._free.pop()
        if self._next == MAX_SLOTS:
            raise OverflowError(f"the catalogue holds {MAX_SLOTS:,} products at most")
        self._next += 1
        self._items.append(None)
        return self._next - 1

    def _end(self, slot: int) -> None:
        # Its terms are still among the postings: it is free only when they have been merged away.
        self._alive.set(slot, False)
        self._items[slot] = None
        self._ended.append(slot)
        for titles in self._titles.values():
            titles.remove(slot)

    @property
    def wants_merge(self) -> bool:
        """Whether enough was added since the last merge."""
        return self._frozen is None and self._growing.count > max(MERGE_POSTINGS, self._sorted.count // 8)

    def merge(self) -> Iterator[None]:
        """Merge what was added into the sorted part, in three steps: the second may run in a thread of its own."""
        frozen, self._frozen, self._growing = self._growing, self._growing, GrowingPart()
        alive, ended = self._alive.values.copy(), self._ended
        self._ended = []
        yield
        merged = self._sorted.merged(frozen.terms, alive)
        yield
        self._sorted, self._frozen = merged, None
        self._free += ended

    def _parts(self) -> list[Part]:
        parts: list[Part] = [self._sorted]
        parts += [part for part in (self._frozen, self._growing) if part is not None and part.count]
        return parts

    def read_clock(self, now: datetime) -> None:
        """Bring up to date what the clock decides: who is on the market, and how fresh each is.

        Unless nothing has changed since, answers that are kept are forgotten.
        """
        moment = micros(now)
        if self._read_at <= moment < self._valid_until:
            return
        self.answers.clear()
        count = self._next
        alive = self._alive.values[:count]
        begins, ends, late = (column.values[:count] for column in (self._from, self._until, self._late))
        self._on_market = alive & (begins <= moment) & (ends > moment)
        for slot_mask, freshness in (
            (late == NEVER, Freshness.NO_PROMISE),
            (late <= moment, Freshness.LATE),
            ((late > moment) & (late != NEVER), Freshness.ON_TIME),
        ):
            self._fresh.fill(np.flatnonzero(slot_mask), frozenset({freshness.value}), count)
        coming = [values[alive & (values > moment)] for values in (begins, ends, late)]
        self._read_at = moment
        self._valid_until = min((int(values.min()) for values in coming if len(values)), default=NEVER)

    def search(
        self,
        query: Query,
        selected: Mapping[Facet, Collection[str]],
        sort: CatalogueSort,
        limit: int,
        after_last: tuple[UUID, bytes] | None,
    ) -> Found:
        """One page of the products on the market that have every part of the query and of each facet a selected value.

        What the clock decides is as `read_clock` found it.

        :param after_last: what the page before gave as its last.
        """
        found = match(self._parts(), query, self._on_market)
        fits = {
            facet: self._column(facet).matching(found.slots, wanted) for facet, wanted in selected.items()
        }
        counts = {facet: self._count(facet, found, selected, fits) for facet in Facet}
        chosen = _all(fits.values())
        matches = found if chosen is None else found.where(chosen)
        slots, last = self._page(matches, sort, limit, after_last)
        return Found(len(matches.slots), [self._item(slot) for slot in slots], last, counts)

    def _column(self, facet: Facet) -> FacetColumn:
        return self._fresh if facet is Facet.FRESHNESS else self._facets[facet]

    def _count(
        self,
        facet: Facet,
        found: Matches,
        selected: Mapping[Facet, Collection[str]],
        fits: Mapping[Facet, Mask],
    ) -> list[tuple[str, int]]:
        others = _all(mask for other, mask in fits.items() if other is not facet)
        slots = found.slots if others is None else found.slots[others]
        column = self._column(facet)
        counted = column.counts(slots, MAX_VALUES)
        shown = {value for value, _ in counted}
        return counted + [
            (value, column.count(slots, value)) for value in selected.get(facet, ()) if value not in shown
        ]

    def _page(
        self, matches: Matches, sort: CatalogueSort, limit: int, after_last: tuple[UUID, bytes] | None
    ) -> tuple[list[int], tuple[UUID, bytes] | None]:
        slots, values = matches.slots, self._values(matches, sort)
        ids = Ids(self._high.values, self._low.values)
        if after_last is not None:
            product_id, kept = after_last
            value = self._value_of(sort, kept, product_id)
            later = after(Position(value, product_id.int >> 64, product_id.int & _HALF), slots, values, ids)
            slots, values = slots[later], values[later]
        places = first(slots, values, ids, limit + 1)
        page = slots[places[:limit]].tolist()
        if len(places) <= limit:
            return page, None
        return page, (self._id(page[-1]), self._kept(sort, int(values[places[limit - 1]]), page[-1]))

    def _values(self, matches: Matches, sort: CatalogueSort) -> npt.NDArray[np.int64]:
        match sort:
            case CatalogueSort.RELEVANCE:
                return matches.relevance
            case CatalogueSort.NEWEST:
                return self._published.values[matches.slots]
            case CatalogueSort.UPDATED:
                return self._updated.values[matches.slots]
            case CatalogueSort.GRADE:
                return self._score.values[matches.slots]
            case CatalogueSort.TITLE_ZH | CatalogueSort.TITLE_EN:
                return self._titles[sort].values(matches.slots)

    def _value_of(self, sort: CatalogueSort, kept: bytes, product_id: UUID) -> int:
        if sort in self._titles:
            return self._titles[sort].value_after(kept, product_id)
        return int.from_bytes(kept[:8], signed=True)

    def _kept(self, sort: CatalogueSort, value: int, slot: int) -> bytes:
        """What a cursor keeps of where an item stands: a number, or the beginning of a title."""
        if sort in self._titles:
            return self._titles[sort].key(slot)
        return value.to_bytes(8, signed=True)

    def _item(self, slot: int) -> tuple[bytes, Freshness]:
        item = self._items[slot]
        assert item is not None, "a slot on the market has its item"
        late = int(self._late.values[slot])
        fresh = (
            Freshness.NO_PROMISE
            if late == NEVER
            else Freshness.LATE
            if late <= self._read_at
            else Freshness.ON_TIME
        )
        return b"".join(item), fresh


def _all(masks: "Iterator[Mask] | Collection[Mask]") -> Mask | None:
    together: Mask | None = None
    for mask in masks:
        together = mask if together is None else together & mask
    return together
