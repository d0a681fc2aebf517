"""From rows of the database to what the search knows of a product. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from infra.identity.schemas import PartyName
from listings.catalogue.entries import CatalogueEntry, Facet, price_kinds
from listings.catalogue.terms import Field
from listings.freshness.domain import late_from
from listings.gradings.domain import ColumnClasses, GradingEvent
from listings.products.domain import class_of_offer
from listings.products.schemas import ThemeRead
from listings.resources.domain import THEMES, Classification, ListingRules, ThemeAxis, UpdateFrequency
from listings.resources.errors import NotListable

_MILLION = 1_000_000


def read_entry(row: Mapping[str, Any], tolerance_percent: int) -> CatalogueEntry:
    """What the search knows of a product.

    :param row: of `listings.catalogue.repository.entries`.
    :param tolerance_percent: of a promised period, by which data may be late.
    """
    published_at, arrived_at = row["published_at"], row["uploaded_at"]
    updated_at = max(published_at, arrived_at)
    frequency = UpdateFrequency(row["update_frequency"])
    facets = {
        Facet.BASE: frozenset(code for code in row["themes"] if THEMES[code].axis is ThemeAxis.BASE),
        Facet.THEME: frozenset(code for code in row["themes"] if THEMES[code].axis is ThemeAxis.THEME),
        Facet.OWNER: frozenset({str(row["owner_id"])}),
        Facet.OPERATOR: frozenset({str(row["operator_id"])}),
        Facet.GRADE: frozenset({row["grade"]}),
        Facet.PRICE: price_kinds(row["charges"]),
        Facet.DELIVERY: frozenset(row["delivery_classes"]),
        Facet.REGION: frozenset(row["regions"]),
    }
    return CatalogueEntry(
        product_id=row["id"],
        texts=tuple(_texts(row)),
        facets=facets,
        live_from=row["valid_from"],
        live_until=row["valid_until"],
        published_at=published_at,
        updated_at=updated_at,
        score=int(Decimal(row["score"]) * _MILLION),
        late_from=late_from(frequency, arrived_at, tolerance_percent),
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        shown=_shown(row, facets, updated_at),
    )


def may_be_offered(row: Mapping[str, Any], rules: ListingRules) -> bool:
    """Whether the rules in force allow what a product offers: what its own page holds it against.

    :param row: of `listings.catalogue.repository.entries`.
    """
    events = [
        GradingEvent(column, Classification(given), Classification(resource))
        for column, given, resource in row["gradings"] or ()
    ]
    declared = {
        entry["name"]: Classification(entry["classification"]) if entry.get("classification") else None
        for entry in row["dictionary"]
    }
    try:
        class_of_offer(
            row["raw_data_stays"],
            ColumnClasses(Classification(row["classification"]), events),
            row["assessed"],
            rules,
            row["delivery_classes"],
            _columns(row),
            declared,
        )
    except NotListable:
        return False
    return True


def _columns(row: Mapping[str, Any]) -> list[str]:
    """What the data holds and the authorisation covers."""
    authorised = row["authorised_columns"]
    names = (column["name"] for column in row["columns"])
    return [name for name in names if authorised is None or name in authorised]


def party_names(row: Mapping[str, Any]) -> Iterator[tuple[str, PartyName]]:
    """What the owner and the operator of a row are called, by id."""
    for party in ("owner", "operator"):
        yield str(row[f"{party}_id"]), _party_name(row[f"{party}_zh"], row[f"{party}_en"])


@lru_cache(maxsize=10_000)
def _party_name(zh: str | None, en: str | None) -> PartyName:
    return PartyName(zh=zh, en=en)


def _texts(row: Mapping[str, Any]) -> Iterator[tuple[Field, str]]:
    yield Field.TITLE, row["title_zh"]
    yield Field.TITLE, row["title_en"]
    for code in row["themes"]:
        yield Field.THEME, THEMES[code].zh
        yield Field.THEME, THEMES[code].en
    for party in ("owner", "operator"):
        for language in ("zh", "en"):
            if name := row[f"{party}_{language}"]:
                yield Field.PARTY, name
    yield Field.DESCRIPTION, row["description_zh"]
    yield Field.DESCRIPTION, row["description_en"]
    described = {entry["name"]: entry for entry in row["dictionary"]}
    # Only columns that are on offer: a dictionary may describe one that an earlier revision had.
    for name in _columns(row):
        texts = {name, *(described.get(name, {}).get(title, "") for title in ("title_zh", "title_en"))}
        for text in sorted(texts - {""}):
            yield Field.COLUMN, text


def _shown(
    row: Mapping[str, Any], facets: Mapping[Facet, frozenset[str]], updated_at: datetime
) -> tuple[bytes, ...]:
    own = {
        "id": str(row["id"]),
        "published_at": _time(row["published_at"]),
        "updated_at": _time(updated_at),
        **{name: row[name] for name in ("title_zh", "title_en", "description_zh", "description_en")},
    }
    return (
        json.dumps(own, ensure_ascii=False, separators=(",", ":")).encode().removesuffix(b"}"),
        _party_shown("owner", *(row[f"owner_{name}"] for name in ("id", "zh", "en"))),
        _party_shown("operator", *(row[f"operator_{name}"] for name in ("id", "zh", "en"))),
        _kinds_shown(
            tuple(row["themes"]),
            row["update_frequency"],
            tuple(row["delivery_classes"]),
            row["grade"],
            facets[Facet.PRICE],
        ),
        _regions_shown(facets[Facet.REGION]),
    )


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


# Many products have the same of these: the very object, so that it takes its memory once.
@lru_cache(maxsize=10_000)
def _party_shown(party: str, party_id: UUID, zh: str | None, en: str | None) -> bytes:
    name = _party_name(zh, en).model_dump_json()
    return f',"{party}_id":"{party_id}","{party}_name":{name}'.encode()


@lru_cache(maxsize=10_000)
def _kinds_shown(
    themes: tuple[str, ...],
    update_frequency: str,
    delivery_classes: tuple[str, ...],
    grade: str,
    prices: frozenset[str],
) -> bytes:
    told = {
        "themes": [theme.model_dump(mode="json") for theme in ThemeRead.of(themes)],
        "update_frequency": update_frequency,
        "delivery_classes": delivery_classes,
        "grade": grade,
        "price_kinds": sorted(prices),
    }
    return b"," + json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()[1:-1]


@lru_cache(maxsize=10_000)
def _regions_shown(regions: frozenset[str]) -> bytes:
    return f',"regions":{json.dumps(sorted(regions))}'.encode()
