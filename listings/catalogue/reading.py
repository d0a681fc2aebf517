"""From rows of the database to what the search knows of a product. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from infra.identity.schemas import PartyName
from listings.catalogue.entries import CatalogueEntry, Facet, price_kinds
from listings.catalogue.schemas import CatalogueListed
from listings.catalogue.terms import Field
from listings.freshness.domain import late_from
from listings.products.schemas import ThemeRead
from listings.resources.domain import THEMES, ThemeAxis, UpdateFrequency

_MILLION = 1_000_000


def read_entry(row: Mapping[str, Any], tolerance_percent: int) -> CatalogueEntry:
    """What the search knows of a product.

    :param row: of `listings.catalogue.repository.entries`.
    :param tolerance_percent: of a promised period, by which data may be late.
    """
    published_at, arrived_at = row["published_at"], row["uploaded_at"]
    updated_at = max(published_at, arrived_at)
    frequency = UpdateFrequency(row["update_frequency"])
    charges = _json(row["charges"])
    facets = {
        Facet.BASE: frozenset(code for code in row["themes"] if THEMES[code].axis is ThemeAxis.BASE),
        Facet.THEME: frozenset(code for code in row["themes"] if THEMES[code].axis is ThemeAxis.THEME),
        Facet.OWNER: frozenset({str(row["owner_id"])}),
        Facet.OPERATOR: frozenset({str(row["operator_id"])}),
        Facet.GRADE: frozenset({row["grade"]}),
        Facet.PRICE: price_kinds(charges),
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


def party_names(row: Mapping[str, Any]) -> Iterator[tuple[UUID, PartyName]]:
    """What the owner and the operator of a row are called."""
    yield row["owner_id"], PartyName(zh=row["owner_zh"], en=row["owner_en"])
    yield row["operator_id"], PartyName(zh=row["operator_zh"], en=row["operator_en"])


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
    described = {entry["name"]: entry for entry in _json(row["dictionary"])}
    # Only columns that are on offer: a dictionary may describe one that an earlier revision had.
    for column in _json(row["columns"]):
        name = column["name"]
        texts = {name, *(described.get(name, {}).get(title, "") for title in ("title_zh", "title_en"))}
        for text in sorted(texts - {""}):
            yield Field.COLUMN, text


def _shown(row: Mapping[str, Any], facets: Mapping[Facet, frozenset[str]], updated_at: datetime) -> bytes:
    owner, operator = (name for _, name in party_names(row))
    listed = CatalogueListed(
        id=row["id"],
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        description_zh=row["description_zh"],
        description_en=row["description_en"],
        themes=ThemeRead.of(row["themes"]),
        update_frequency=row["update_frequency"],
        delivery_classes=row["delivery_classes"],
        operator_id=row["operator_id"],
        operator_name=operator,
        owner_id=row["owner_id"],
        owner_name=owner,
        published_at=row["published_at"],
        updated_at=updated_at,
        grade=row["grade"],
        price_kinds=sorted(facets[Facet.PRICE]),
        regions=sorted(row["regions"]),
    )
    return listed.model_dump_json().encode().removesuffix(b"}")


def _json(value: Any) -> Sequence[Mapping[str, Any]]:
    # A statement written as text does not say which columns are JSON.
    parsed: Sequence[Mapping[str, Any]] = json.loads(value) if isinstance(value, str) else value
    return parsed
