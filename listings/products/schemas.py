"""What goes in and out of products over HTTP."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.schema import Code, Input, LongText, Output, Reason, ShortText
from listings.ingest.result import Kind
from listings.products.domain import DeliveryClass, DictionaryEntry, QualityStanding
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct, ProductRevision
from listings.resources.domain import THEMES, UpdateFrequency
from listings.resources.schemas import LabelRead
from pricing.regulated.purposes import PurposeClass

MAX_UNITS = 10**12


class ProductText(Input):
    """How a product is described."""

    title_zh: ShortText
    title_en: ShortText
    description_zh: LongText
    description_en: LongText
    themes: list[Code] = Field(min_length=1, max_length=10, description=f"Among: {', '.join(THEMES)}")
    update_frequency: UpdateFrequency = Field(description="How often new data is promised")


class ProductCreate(ProductText):
    """A product to make of a resource, under an authorisation in force."""

    authorisation_id: UUID
    resource_id: UUID = Field(description="One of the authorisation's resources")
    delivery_class: DeliveryClass = DeliveryClass.RECORDS_API


class EntryInput(Input):
    """What one column means."""

    name: ShortText = Field(description="Name of the column in the data")
    title_zh: ShortText
    title_en: ShortText
    unit: ShortText | None = None
    personal: bool = Field(False, description="Personal information (PIPL art. 4): masked in samples")


class DictionaryPut(Input):
    """The data dictionary; columns left out are titled by their names."""

    columns: list[EntryInput] = Field(max_length=2000)


class PricePlanPut(Input):
    """The price plan to attach."""

    plan_id: UUID


class WithNote(Input):
    """A decision that may carry a note."""

    note: Reason | None = None


class QuoteAsk(Input):
    """A use to be priced, over one billing period."""

    calls: int = Field(ge=0, le=MAX_UNITS)
    rows: int = Field(ge=0, le=MAX_UNITS)
    purpose: PurposeClass


class DictionaryRead(Output):
    """What one column means."""

    name: str
    title_zh: str
    title_en: str
    unit: str | None
    personal: bool

    @classmethod
    def of(cls, entries: Iterable[DictionaryEntry]) -> "list[DictionaryRead]":
        """Map entries."""
        return [cls.model_validate(entry) for entry in entries]


class ThemeRead(Output):
    """A theme with its labels."""

    code: str
    label: LabelRead

    @classmethod
    def of(cls, codes: Iterable[str]) -> "list[ThemeRead]":
        """Map codes."""
        return [cls(code=code, label=LabelRead.model_validate(THEMES[code])) for code in codes]


class ProductRead(Output):
    """A product, as its owner, its operator and regulators see it."""

    id: UUID
    operator_id: UUID
    owner_id: UUID
    resource_id: UUID
    authorisation_id: UUID
    status: ProductStatus
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    themes: list[ThemeRead]
    update_frequency: UpdateFrequency
    delivery_class: DeliveryClass
    dictionary: list[DictionaryRead] = Field(description="Described columns")
    plan_id: UUID | None
    created_at: datetime
    submitted_at: datetime | None
    reviewed_at: datetime | None
    review_note: str | None = Field(description="What the reviewer said; the reasons when it was returned")
    published_at: datetime | None

    @classmethod
    def of(cls, row: DataProduct) -> "ProductRead":
        """Map a row."""
        hidden = {"created_by", "submitted_by", "reviewed_by", "search_terms", "themes"}
        return cls(**row.model_dump(exclude=hidden), themes=ThemeRead.of(row.themes))


class ColumnRead(Output):
    """One column of a revision."""

    name: str
    original_name: str = Field(description="As the file gave it")
    kind: Kind
    physical: str = Field(description="Type of the Parquet column")
    nullable: bool
    zone: str | None = Field(description="UTC when the file's times carried offsets, else null: local times")


class RevisionRead(Output):
    """One immutable revision of a product's data."""

    id: UUID
    product_id: UUID
    number: int
    sha256: str = Field(description="Digest of the stored Parquet file")
    bytes: int
    rows: int
    columns: list[ColumnRead]
    profile: dict[str, Any] = Field(description="What was found on the way in: per column, and notices")
    quality: QualityStanding = Field(description="What the quality check has come to")
    source_name: str
    source_format: str
    source_sha256: str
    source_bytes: int
    uploaded_at: datetime

    @classmethod
    def of(cls, row: ProductRevision, standing: QualityStanding) -> "RevisionRead":
        """Map a row and the standing of its quality check."""
        hidden = {"object_key", "sample", "uploaded_by"}
        return cls(**row.model_dump(exclude=hidden), quality=standing)
