"""The index in memory finds, counts and orders what a naive evaluation does, whatever was put, changed and merged."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listings.catalogue import columns, matching, postings, titles
from listings.catalogue.entries import CatalogueEntry, CatalogueSort, Facet, price_kinds
from listings.catalogue.index import CatalogueIndex
from listings.catalogue.terms import Field, parse_query
from tests.listings.catalogue import naive

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
WORDS = (
    "空气",
    "空气质量",
    "质量",
    "水质",
    "air",
    "air quality",
    "airport",
    "quality",
    "PM2.5",
    "pm25",
    "a",
    "b2",
)
CHOICES = {
    Facet.BASE: ("population", "geography"),
    Facet.THEME: ("environment", "weather", "economy"),
    Facet.OWNER: ("o1", "o2"),
    Facet.OPERATOR: ("p1",),
    Facet.GRADE: ("A", "B", "C"),
    Facet.PRICE: ("free", "per_use", "subscription"),
    Facet.DELIVERY: ("records_api", "query"),
    Facet.REGION: ("100000", "310000", "310100", "330000", "330106"),
}
QUERIES = ("", "空气", "空气质量", "air", "air quality", "pm2.5", "质量 air", "a", "无", "quality b")


@pytest.fixture(scope="module", autouse=True)
def ways_of_a_large_catalogue() -> Iterator[None]:
    """A few products take the ways that very many take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_FEW", 3)
        patch.setattr(titles, "_FEW", 2)
        patch.setattr(matching, "_MANY", 0)
        patch.setattr(postings, "_BLOCK", 7)
        yield


def entry(chance: random.Random, number: int) -> CatalogueEntry:
    def text(most: int) -> str:
        return "，".join(chance.choice(WORDS) for _ in range(chance.randint(1, most)))

    facets = {
        facet: frozenset(chance.sample(values, chance.randint(facet is not Facet.BASE, min(2, len(values)))))
        for facet, values in CHOICES.items()
    }
    title_zh, title_en = text(2), text(2)
    begins = NOW + timedelta(hours=chance.choice((-100, -1, 0, 1)))
    return CatalogueEntry(
        product_id=UUID(int=number << 70 | chance.getrandbits(60)),
        texts=((Field.TITLE, title_zh), (Field.TITLE, title_en), (Field.DESCRIPTION, text(5))),
        facets=facets,
        live_from=begins,
        live_until=begins + timedelta(hours=chance.choice((1, 2, 200))),
        published_at=NOW - timedelta(hours=chance.randint(0, 5)),
        updated_at=NOW - timedelta(hours=chance.randint(0, 5)),
        score=chance.randint(0, 3) * 1000,
        late_from=chance.choice((None, NOW, NOW + timedelta(minutes=30), NOW - timedelta(hours=3))),
        title_zh=title_zh,
        title_en=title_en,
        shown=(b'{"number":', b"%d" % number),
    )


def selection(chance: random.Random) -> dict[Facet, list[str]]:
    facets = chance.sample(list(CHOICES), chance.choice((0, 0, 1, 2, 3)))
    chosen = {
        facet: chance.sample(CHOICES[facet], chance.randint(1, len(CHOICES[facet]))) for facet in facets
    }
    return chosen | ({Facet.FRESHNESS: ["late", "on_time"]} if chance.random() < 0.2 else {})


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_it_finds_counts_and_orders_as_a_naive_evaluation_does(seed: int) -> None:
    chance = random.Random(seed)
    index, kept = CatalogueIndex(), dict[UUID, CatalogueEntry]()
    ids = [entry(chance, number).product_id for number in range(12)]
    for step in range(chance.randint(1, 60)):
        product_id = chance.choice(ids)
        if chance.random() < 0.2:
            index.remove(product_id)
            kept.pop(product_id, None)
        else:
            made = entry(chance, step)
            changed = CatalogueEntry(
                **{name: getattr(made, name) for name in CatalogueEntry.__slots__}
                | {"product_id": product_id}
            )
            index.put(changed)
            kept[product_id] = changed
        if chance.random() < 0.1:
            steps = index.merge()
            next(steps)
            if chance.random() < 0.5:
                index.remove(product_id)
                kept.pop(product_id, None)
            list(steps)
    for _ in range(6):
        words, chosen = chance.choice(QUERIES), selection(chance)
        sort, now = chance.choice(list(CatalogueSort)), NOW + timedelta(minutes=chance.choice((0, 45, 90)))
        expected, counts = naive.search(kept.values(), parse_query(words), chosen, sort, now)
        shown, last, limit = [], None, chance.randint(1, 4)
        while True:
            index.read_clock(now)
            found = index.search(parse_query(words), chosen, sort, limit, last)
            assert found.total == len(expected), (words, chosen)
            assert {
                facet: {value: count for value, count in told if count}
                for facet, told in found.counts.items()
            } == {
                facet: told
                | {v: c for v, c in _selected(expected, kept, words, chosen, facet, now).items() if c}
                for facet, told in counts.items()
            }
            shown += [item for item, _ in found.shown]
            if found.last is None:
                break
            last = found.last
        assert shown == [b"".join(item.shown) for item in expected], (words, chosen, sort)


def _selected(
    expected: list[CatalogueEntry],
    kept: dict[UUID, CatalogueEntry],
    words: str,
    chosen: dict[Facet, list[str]],
    facet: Facet,
    now: datetime,
) -> dict[str, int]:
    """Counts of the selected values, which are told even where no product has just this one."""
    others = {other: wanted for other, wanted in chosen.items() if other is not facet}
    found, _ = naive.search(kept.values(), parse_query(words), others, CatalogueSort.NEWEST, now)
    return {value: sum(naive.has(one, facet, value, now) for one in found) for value in chosen.get(facet, ())}


def test_a_page_goes_on_where_the_last_ended_while_products_come_and_go() -> None:
    chance = random.Random(5)
    index = CatalogueIndex()
    ids = [UUID(int=number << 70) for number in range(1, 41)]
    always = dict.fromkeys(("live_from",), NOW - timedelta(hours=1)) | {
        "live_until": NOW + timedelta(hours=1)
    }

    def put(number: int) -> None:
        made = entry(chance, number)
        fields = {name: getattr(made, name) for name in CatalogueEntry.__slots__}
        index.put(CatalogueEntry(**fields | always | {"product_id": UUID(int=number << 70)}))

    coming = count(1000)
    for number in range(1, 41):
        put(number)
    for sort in CatalogueSort:
        seen, last = [], None
        while True:
            index.read_clock(NOW)
            found = index.search(parse_query(""), {}, sort, 3, last)
            seen += [item for item, _ in found.shown]
            if (last := found.last) is None:
                break
            # One that was shown is removed, and a new one comes, which may be shown or not.
            put(next(coming))
            index.remove(last[0])
            ids = [product_id for product_id in ids if product_id != last[0]]
        assert len(seen) == len(set(seen)), sort
        assert {b'{"number":%d' % (product_id.int >> 70) for product_id in ids} <= set(seen), sort


def test_what_the_clock_decides() -> None:
    index = CatalogueIndex()
    made = entry(random.Random(1), 1)
    fields = {name: getattr(made, name) for name in CatalogueEntry.__slots__}
    index.put(
        CatalogueEntry(
            **fields
            | {
                "live_from": NOW,
                "live_until": NOW + timedelta(hours=2),
                "late_from": NOW + timedelta(hours=1),
            }
        )
    )

    def at(minutes: int) -> list[str]:
        index.read_clock(NOW + timedelta(minutes=minutes))
        found = index.search(parse_query(""), {}, CatalogueSort.NEWEST, 5, None)
        return [fresh for _, fresh in found.shown]

    assert [at(minutes) for minutes in (-1, 0, 59, 60, 119, 120)] == [
        [], ["on_time"], ["on_time"], ["late"], ["late"], [],
    ]  # fmt: skip
    assert index.ended(NOW + timedelta(minutes=120)) == [made.product_id]


@pytest.mark.parametrize(
    ("charges", "kinds"),
    [
        ([{"model": "free", "metric": "calls"}], {"free"}),
        ([{"model": "flat", "amount": "0.00"}, {"model": "per_unit", "unit_price": "0"}], {"free"}),
        (
            [{"model": "flat", "amount": "10"}, {"model": "per_unit", "unit_price": "0.05"}],
            {"subscription", "per_use"},
        ),
    ],
)
def test_kinds_of_price(charges: list[dict[str, object]], kinds: set[str]) -> None:
    assert price_kinds(charges) == kinds
