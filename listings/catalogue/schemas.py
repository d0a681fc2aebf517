"""What the catalogue shows."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import DecimalText, Input, Output
from infra.unit_schemas import UnitUse
from listings.catalogue.entries import PriceKind, price_kinds
from listings.catalogue.facts import Listing
from listings.catalogue.page_schemas import (
    AuthorisationChainRead,
    ColumnProfileRead,
    QualityPointRead,
    sentences,
)
from listings.catalogue.words import price_in_words, terms_in_words
from listings.editions.domain import Document
from listings.editions.schemas import ChangeRead
from listings.editions.tables import ProductEdition
from listings.freshness.domain import Freshness
from listings.freshness.schemas import PromiseRead
from listings.ingest.result import Kind
from listings.products.dictionary import concealed_columns, mask_rules
from listings.products.domain import DeliveryClass
from listings.products.masking import masked_profile
from listings.products.schemas import DictionaryRead, ThemeRead
from listings.products.tables import DataProduct
from listings.resources.domain import Classification, UpdateFrequency
from listings.resources.schemas import LabelRead, ResourceRegistration
from listings.revisions.schemas import SchemaNoticeRead
from pricing.plans.domain import PricePlan
from pricing.plans.schemas import ChargeSchema
from pricing.regulated.purposes import PurposeClass


class LocalisedText(Output):
    """A text in both languages; an organisation may have a name in one only."""

    zh: str | None
    en: str | None


class QuoteRequest(Input):
    """A use to be priced, over one billing period."""

    units: UnitUse = Field(
        description="The use, by metered unit; a unit that is left out is not used",
        examples=[{"calls": 1000, "rows": 50_000}],
    )
    purpose: PurposeClass


class CatalogueItem(Output):
    """A product on the market, in brief."""

    id: UUID
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    themes: list[ThemeRead]
    update_frequency: UpdateFrequency
    delivery_classes: list[DeliveryClass]
    operator_id: UUID
    operator_name: PartyName | None
    owner_id: UUID
    owner_name: PartyName | None
    published_at: datetime
    updated_at: datetime = Field(
        description="When data last came, or the product was published if that is later"
    )
    grade: str = Field(description="Of the revision that buyers read now")
    price_kinds: list[PriceKind]
    regions: list[str] = Field(
        description="Division codes (GB/T 2260) it may be used for; 100000 is the whole country"
    )
    freshness: Freshness = Field(
        description="Late when no data has come in the promised period and its tolerance"
    )


class FacetValue(Output):
    """A value that a search can be narrowed to."""

    value: str = Field(description="What the query parameter of the facet's name takes")
    label: LocalisedText | None = Field(description="What people call it; null where the value says it all")
    count: int = Field(description="Products found with it, as if nothing were selected in this facet")
    selected: bool


class CatalogueFacets(Output):
    """What a search can be narrowed by, each with its values: most products first, and the selected ones in any case.

    Products found have one of the selected values of every facet.
    """

    base: list[FacetValue] = Field(description="Base libraries 基础库")
    theme: list[FacetValue] = Field(description="Theme libraries 主题库")
    owner: list[FacetValue]
    operator: list[FacetValue]
    grade: list[FacetValue]
    price: list[FacetValue]
    delivery: list[FacetValue]
    freshness: list[FacetValue]
    region: list[FacetValue] = Field(
        description="A region is found by what lies in it and by what it lies in"
    )


class CatalogueResults(Output):
    """One page of what a search found, with what it can be narrowed by."""

    items: list[CatalogueItem]
    next_cursor: str | None = None
    total: int = Field(description="How many products were found on all pages together")
    facets: CatalogueFacets


def _brief(row: DataProduct, names: PartyNames) -> dict[str, Any]:
    assert row.published_at is not None
    kept = {"id", "title_zh", "title_en", "description_zh", "description_en", "update_frequency"}
    kept |= {"delivery_classes", "operator_id", "owner_id", "published_at"}
    return {
        **row.model_dump(include=kept),
        "themes": ThemeRead.of(row.themes),
        "operator_name": names.get(row.operator_id),
        "owner_name": names.get(row.owner_id),
    }


class CatalogueColumn(DictionaryRead):
    """A column on offer: what it means and of which kind it is."""

    kind: Kind


class CatalogueRevision(Output):
    """The revision that buyers read now."""

    id: UUID
    number: int
    rows: int
    sha256: str
    uploaded_at: datetime


class CatalogueQuality(Output):
    """The grade of that revision, and where its report is."""

    grade: str
    score: DecimalText = Field(description="0 to 1")
    report: str = Field(description="Path of the report")


class CataloguePlan(Output):
    """What the operator asks."""

    id: UUID
    name_zh: str | None
    name_en: str | None
    currency: str
    charges: list[ChargeSchema]

    @classmethod
    def of(cls, plan: PricePlan) -> "CataloguePlan":
        """Map a plan."""
        return cls.model_validate(
            {
                "id": plan.id,
                "name_zh": plan.name_zh,
                "name_en": plan.name_en,
                "currency": plan.currency,
                "charges": [charge.document() for charge in plan.charges],
            }
        )


class CatalogueEditionBrief(Output):
    """Which edition of a product it is: what the product says and offers."""

    id: UUID
    number: int
    digest: str = Field(description="SHA-256 of its document as JSON with sorted keys and no white space")
    effective_at: datetime
    superseded_at: datetime | None = Field(description="Since when a later one is in force; null while it is")


class CatalogueEditionItem(CatalogueEditionBrief):
    """An edition that took effect, with what it changed."""

    changes: list[ChangeRead] = Field(description="Against the edition before; empty for the first")

    @classmethod
    def of(cls, row: ProductEdition, base: Document | None) -> "CatalogueEditionItem":
        """Map a row.

        :param base: the document of the edition before.
        """
        return cls(**row.model_dump(), changes=ChangeRead.between(base, row.document))


class CatalogueEdition(CatalogueEditionItem):
    """An edition that took effect, with everything it says and the price it asked."""

    document: dict[str, Any] = Field(description="What it says and offers, as it was reviewed")
    price_plan: CataloguePlan

    @classmethod
    def of_edition(cls, row: ProductEdition, base: Document | None, plan: PricePlan) -> "CatalogueEdition":
        """Map a row, as `CatalogueEditionItem.of`, with its price plan."""
        return cls(
            **row.model_dump(),
            changes=ChangeRead.between(base, row.document),
            price_plan=CataloguePlan.of(plan),
        )


class CatalogueProduct(CatalogueItem):
    """A product on the market, with everything to read before an order."""

    purposes: list[str] = Field(description="What it is offered for")
    scenarios: list[str]
    classification: Classification = Field(
        description="Class of the product (GB/T 43697-2024), the strictest of its columns"
    )
    personal_information: bool
    revision: CatalogueRevision
    dictionary: list[CatalogueColumn]
    sample: list[dict[str, Any]] = Field(description="First rows, personal information masked")
    notice: SchemaNoticeRead | None = Field(description="An announced change of its columns; null for none")
    quality: CatalogueQuality
    update_promise: PromiseRead = Field(description="How often new data is promised, and how often it comes")
    edition: CatalogueEditionBrief = Field(description="The edition in force")
    price_plan: CataloguePlan
    profile: list[ColumnProfileRead] = Field(description="Column by column; masked as the sample is")
    quality_trend: list[QualityPointRead] = Field(
        description="Of the newest revisions that passed, oldest first"
    )
    price_in_words: list[LabelRead] = Field(description="One sentence for each charge")
    terms_in_words: list[LabelRead] = Field(description="What a licence allows, one sentence for each term")
    registration: ResourceRegistration = Field(description="Of the resource it is made of")
    authorisation_chain: AuthorisationChainRead

    @classmethod
    def of_listing(cls, listing: Listing, names: PartyNames) -> "CatalogueProduct":
        """Map a listing.

        :param names: of operators and owners.
        """
        facts = listing.facts
        assert listing.product.published_at is not None
        charges = [charge.document() for charge in listing.plan.charges]
        kinds = {column.name: column.kind for column in facts.revision.columns}
        return cls(
            **_brief(listing.product, names),
            updated_at=max(listing.product.published_at, listing.revision.uploaded_at),
            grade=listing.report.grade,
            price_kinds=[PriceKind(kind) for kind in sorted(price_kinds(charges))],
            freshness=listing.promise.status,
            purposes=list(facts.purposes),
            scenarios=list(facts.scenarios),
            regions=list(facts.regions),
            classification=facts.classification,
            personal_information=facts.personal_information,
            revision=CatalogueRevision.model_validate(listing.revision),
            dictionary=[
                CatalogueColumn(**asdict(entry), kind=kinds[entry.name]) for entry in listing.dictionary
            ],
            sample=listing.sample,
            notice=SchemaNoticeRead.of(listing.notice) if listing.notice else None,
            quality=CatalogueQuality(
                grade=listing.report.grade,
                score=listing.report.score,
                report=f"/v1/catalogue/{facts.id}/quality-report",
            ),
            update_promise=PromiseRead.of(listing.product.update_frequency, listing.promise),
            edition=CatalogueEditionBrief.model_validate(listing.edition),
            price_plan=CataloguePlan.of(listing.plan),
            profile=ColumnProfileRead.of(
                masked_profile(listing.revision.profile.get("columns", ()), mask_rules(listing.dictionary)),
                concealed_columns(listing.dictionary),
            ),
            quality_trend=QualityPointRead.of(listing.trend),
            price_in_words=sentences(price_in_words(listing.plan.charges, listing.plan.currency)),
            terms_in_words=sentences(
                terms_in_words(
                    facts.purposes,
                    facts.scenarios,
                    facts.regions,
                    len(facts.columns),
                    facts.authorisation_valid_until,
                    public_is_free=listing.public_is_free,
                )
            ),
            registration=ResourceRegistration.of(listing.resource, listing.registration),
            authorisation_chain=AuthorisationChainRead.of(listing.chain, names),
        )
