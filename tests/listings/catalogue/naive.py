"""What a search must find, worked out product by product with nothing to speed it up."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from listings.authorisations.regions import region_range
from listings.catalogue.entries import CatalogueEntry, CatalogueSort, Facet
from listings.catalogue.matching import WEIGHTS
from listings.catalogue.terms import Query, Run, document_terms
from listings.catalogue.titles import title_key
from listings.freshness.domain import Freshness


def weight(fields: int) -> int:
    return sum(weight for field, weight in WEIGHTS.items() if fields & field)


def score(query: Query, terms: Mapping[str, int]) -> int | None:
    """How well a product fits; None when it does not."""
    total = 0
    for part in query.parts:
        if isinstance(part, Run):
            if not all(gram in terms for gram in part.grams):
                return None
            together = 255
            for gram in part.grams:
                together &= terms[gram]
            total += weight(together) + 1
            continue
        whole = 0
        for form in part.forms:
            whole |= terms.get(form, 0)
        if part.phrase and all(pair in terms for pair in part.phrase):
            together = 255
            for pair in part.phrase:
                together &= terms[pair]
            whole |= together
        begun = [weight(fields) // 2 for term, fields in terms.items() if term.startswith(tuple(part.forms))]
        if not whole and not begun:
            return None
        total += max([weight(whole), *begun])
    return total + sum(weight(terms.get(term, 0)) // 2 for term in query.neighbours)


def fits(query: Query, terms: Mapping[str, int]) -> bool:
    return score(query, terms) is not None


def values(entry: CatalogueEntry, facet: Facet, now: datetime) -> frozenset[str]:
    if facet is Facet.FRESHNESS:
        late = entry.late_from
        fresh = Freshness.NO_PROMISE if late is None else Freshness.LATE if late <= now else Freshness.ON_TIME
        return frozenset({fresh.value})
    return entry.facets.get(facet, frozenset())


def has(entry: CatalogueEntry, facet: Facet, value: str, now: datetime) -> bool:
    found = values(entry, facet, now)
    if facet is not Facet.REGION:
        return value in found
    low, high = region_range(value)
    return any(area[0] < high and low < area[1] for area in map(region_range, found))


def search(
    entries: Collection[CatalogueEntry],
    query: Query,
    selected: Mapping[Facet, Sequence[str]],
    sort: CatalogueSort,
    now: datetime,
) -> tuple[list[CatalogueEntry], dict[Facet, dict[str, int]]]:
    """All that is found in order, and the counts of every facet."""
    scored = {
        entry.product_id: points
        for entry in entries
        if entry.live_from <= now < entry.live_until
        and (points := score(query, document_terms(entry.texts))) is not None
    }
    matching = [entry for entry in entries if entry.product_id in scored]

    def chosen(entry: CatalogueEntry, besides: Facet | None) -> bool:
        return all(
            facet is besides or any(has(entry, facet, value, now) for value in wanted)
            for facet, wanted in selected.items()
        )

    counts = {}
    for facet in Facet:
        offered = {value for entry in matching if chosen(entry, facet) for value in values(entry, facet, now)}
        told = {
            value: sum(1 for entry in matching if chosen(entry, facet) and has(entry, facet, value, now))
            for value in offered
        }
        counts[facet] = {value: count for value, count in told.items() if count}

    def place(entry: CatalogueEntry) -> tuple[Any, int]:
        first: dict[CatalogueSort, Any] = {
            CatalogueSort.RELEVANCE: -scored[entry.product_id],
            CatalogueSort.NEWEST: -entry.published_at.timestamp(),
            CatalogueSort.UPDATED: -entry.updated_at.timestamp(),
            CatalogueSort.GRADE: -entry.score,
            CatalogueSort.TITLE_ZH: title_key(entry.title_zh),
            CatalogueSort.TITLE_EN: title_key(entry.title_en),
        }
        return first[sort], -entry.product_id.int

    found = [entry for entry in matching if chosen(entry, None)]
    return sorted(found, key=place), counts
