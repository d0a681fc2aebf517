"""What the search knows of a product: its texts, its facets, its place, and when it is on the market. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from listings.catalogue.terms import Field


class Facet(StrEnum):
    """What a search can be narrowed by; each is a query parameter of the same name."""

    BASE = "base"
    THEME = "theme"
    OWNER = "owner"
    OPERATOR = "operator"
    GRADE = "grade"
    PRICE = "price"
    DELIVERY = "delivery"
    FRESHNESS = "freshness"
    REGION = "region"


class CatalogueSort(StrEnum):
    """In which order a search answers."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    UPDATED = "updated"
    GRADE = "grade"
    TITLE_ZH = "title_zh"
    TITLE_EN = "title_en"


class PriceKind(StrEnum):
    """How a product is paid for; one with a flat charge and others is of both kinds."""

    FREE = "free"
    PER_USE = "per_use"
    SUBSCRIPTION = "subscription"


def price_kinds(charges: Sequence[Mapping[str, object]]) -> frozenset[str]:
    """How a plan with these charges is paid for.

    :param charges: as a price plan keeps them: exact decimals as text.
    """
    kinds = set()
    for charge in charges:
        price = str(charge.get("amount", charge.get("unit_price", "0")))
        if price.strip("0.") == "":
            continue
        kinds.add(PriceKind.SUBSCRIPTION if charge["model"] == "flat" else PriceKind.PER_USE)
    return frozenset(kinds or {PriceKind.FREE})


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A product that is on the market, or will be by the clock.

    :ivar texts: what is searched, the most telling first.
    :ivar facets: its values in each facet but freshness, which the clock decides.
    :ivar live_from: on the market from then on, and `live_until` until then, if nothing changes; then it is to be
        read anew.
    :ivar score: of its data's quality, 0 to 1,000,000.
    :ivar late_from: None where no frequency is promised.
    :ivar shown: pieces of the item as JSON, without what the clock decides and without its closing brace; what many
        items have is the same object in all of them.
    """

    product_id: UUID
    texts: tuple[tuple[Field, str], ...]
    facets: Mapping[Facet, frozenset[str]]
    live_from: datetime
    live_until: datetime
    published_at: datetime
    updated_at: datetime
    score: int
    late_from: datetime | None
    title_zh: str
    title_en: str
    shown: tuple[bytes, ...]
