"""The use case of the search: from what was asked to the body of the answer.

Items are kept as JSON, and the body is put together from them: to make a hundred objects for each search and write them
out again would take longer than to find them. `CatalogueResults` says what the body is; a test holds the two together.
"""

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache

from infra import labels
from infra.errors import Malformed
from infra.messages import Message
from listings.catalogue import cursors
from listings.catalogue.entries import CatalogueSort, Facet, PriceKind
from listings.catalogue.following import CatalogueFollower
from listings.catalogue.index import MAX_VALUES, Found
from listings.catalogue.schemas import LocalisedText
from listings.catalogue.terms import parse_query
from listings.freshness.domain import Freshness
from listings.products.domain import DeliveryClass
from listings.resources.domain import THEMES

_CODES: Mapping[Facet, type[StrEnum]] = {
    Facet.PRICE: PriceKind,
    Facet.DELIVERY: DeliveryClass,
    Facet.FRESHNESS: Freshness,
}


async def search(
    follower: CatalogueFollower,
    words: str,
    selected: Mapping[Facet, Sequence[str]],
    sort: CatalogueSort | None,
    limit: int,
    cursor: str | None,
) -> bytes:
    """One page of the products on the market that were asked for, as JSON.

    :param words: Chinese, English or both; a product has all of them. None asks for all products.
    :param selected: at least one value of each facet that is named.
    :param sort: None sorts by relevance where there are words, and otherwise the newest first.
    :raises Malformed: a region is no division code, the values of a facet are too many, or the cursor is none or one of
        another search.
    :raises Unavailable: the catalogue is still being read.
    """
    _require_sensible(selected)
    query = parse_query(words)
    order = sort or (CatalogueSort.RELEVANCE if query.parts else CatalogueSort.NEWEST)
    search_mark = cursors.mark(
        query, sorted((facet, sorted(set(values))) for facet, values in selected.items()), order
    )
    after_last = None if cursor is None else cursors.decode(cursor, search_mark)
    index = await follower.get_index()
    asked = (words, tuple((facet, tuple(values)) for facet, values in selected.items()), order, limit, cursor)
    answer = index.answers.get(asked)
    if answer is None:
        found = index.search(query, selected, order, limit, after_last)
        answer = _render(follower, selected, search_mark, found)
        index.answers.put(asked, answer)
    return answer


def _render(
    follower: CatalogueFollower, selected: Mapping[Facet, Sequence[str]], search_mark: bytes, found: Found
) -> bytes:
    items = b",".join(b'%s,"freshness":"%s"}' % (shown, fresh.encode()) for shown, fresh in found.shown)
    following = b"null" if found.last is None else b'"%s"' % cursors.encode(search_mark, found.last).encode()
    facets = b",".join(
        b'"%s":[%s]'
        % (
            facet.encode(),
            b",".join(
                b'%s,"count":%d,"selected":%s}'
                % (
                    _value(facet, value, *_name(follower, facet, value)),
                    count,
                    b"true" if value in selected.get(facet, ()) else b"false",
                )
                for value, count in found.counts[facet]
            ),
        )
        for facet in Facet
    )
    return b'{"items":[%s],"next_cursor":%s,"total":%d,"facets":{%s}}' % (
        items,
        following,
        found.total,
        facets,
    )


def _require_sensible(selected: Mapping[Facet, Sequence[str]]) -> None:
    for facet, values in selected.items():
        if len(set(values)) > MAX_VALUES:
            raise Malformed(
                Message("{facet} has more than {limit} values.", facet=facet, limit=MAX_VALUES),
                remedy=Message("Search for fewer at once."),
            )
    for code in selected.get(Facet.REGION, ()):
        if not _DIVISION.fullmatch(code):
            raise Malformed(
                Message("A region is named by something else than a division code."),
                remedy=Message(
                    "Use the six digits of GB/T 2260: 310000 is Shanghai, 100000 the whole country."
                ),
            )


_DIVISION = re.compile("[1-9][0-9]{5}", re.ASCII)
_PARTIES = frozenset({Facet.OWNER, Facet.OPERATOR})


def _name(follower: CatalogueFollower, facet: Facet, value: str) -> tuple[str | None, str | None]:
    name = follower.names.get(value) if facet in _PARTIES else None
    return (name.zh, name.en) if name is not None else (None, None)


@lru_cache(maxsize=4_096)
def _value(facet: Facet, value: str, zh: str | None, en: str | None) -> bytes:
    label = _label(facet, value) if facet not in _PARTIES else LocalisedText(zh=zh, en=en)
    told = b"null" if label is None else label.model_dump_json().encode()
    return b'{"value":%s,"label":%s' % (json.dumps(value).encode(), told)


def _label(facet: Facet, value: str) -> LocalisedText | None:
    if facet in (Facet.BASE, Facet.THEME):
        theme = THEMES.get(value)
        return None if theme is None else LocalisedText(zh=theme.zh, en=theme.en)
    label = labels.label(_CODES[facet](value)) if facet in _CODES else None
    return None if label is None else LocalisedText(zh=label.zh, en=label.en)
