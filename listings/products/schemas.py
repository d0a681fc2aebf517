"""What goes in and out of products over HTTP."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.identity.schemas import PartyName, PartyNames
from infra.messages import Message
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Code, Input, LongText, Output, ShortText
from listings.ingest.formats import ColumnFormat
from listings.ingest.result import Kind
from listings.products.dictionary import DictionaryEntry
from listings.products.domain import DeliveryClass
from listings.products.masking import GeneraliseTo, MaskMethod
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.resources.domain import THEME_AXIS_LABELS, THEMES, Classification, ThemeAxis, UpdateFrequency
from listings.resources.schemas import LabelRead
from pricing.regulated.purposes import PurposeClass


class ProductUpdate(Input):
    """How a product is described."""

    title_zh: ShortText
    title_en: ShortText
    description_zh: LongText
    description_en: LongText
    themes: list[Code] = Field(min_length=1, max_length=10, description=f"Among: {', '.join(THEMES)}")
    update_frequency: UpdateFrequency = Field(description="How often new data is promised")
    purposes: list[PurposeClass] | None = Field(
        None,
        min_length=1,
        max_length=10,
        description="What it is offered for, among the authorisation's purposes; left out: all of these at its"
        " creation, and as it was at an update",
    )
    delivery_classes: list[DeliveryClass] | None = Field(
        None,
        min_length=1,
        max_length=10,
        description="How data reaches buyers; left out: by the records API at its creation, and as it was at an update",
    )


class ProductCreate(ProductUpdate):
    """A product to create on a resource, under an authorisation in force."""

    authorisation_id: UUID
    resource_id: UUID = Field(description="One of the authorisation's resources")


class MaskRuleUpdate(Input):
    """How samples show the values of a column."""

    method: MaskMethod
    keep: int = Field(
        0, ge=0, le=100, description="Characters kept by truncate; of personal information a third at most"
    )
    to: GeneraliseTo | None = Field(None, description="What generalise makes of a value")
    width: str | None = Field(
        None, max_length=30, pattern=r"^[0-9]+(\.[0-9]+)?$", description="Of a band, above 0", examples=["10"]
    )


class MaskRuleRead(Output):
    """How samples show the values of a column."""

    method: MaskMethod
    keep: int
    to: GeneraliseTo | None
    width: str | None


class DictionaryEntryUpdate(Input):
    """What one column means."""

    name: ShortText = Field(description="Name of the column in the data")
    title_zh: ShortText
    title_en: ShortText
    unit: ShortText | None = None
    personal: bool = Field(False, description="Personal information (PIPL art. 4): masked in samples")
    sensitive: bool = Field(
        False, description="Sensitive personal information (PIPL art. 28); a column that is, is personal too"
    )
    classification: Classification | None = Field(
        None,
        description="Class of the column (GB/T 43697-2024), never below its own; null for the column's own",
    )

    mask: MaskRuleUpdate | None = Field(
        None,
        description="How samples show its values; null: hidden if personal or important, else shown as they are",
    )

    @model_validator(mode="after")
    def _sensitive_is_personal(self) -> Self:
        if self.sensitive and not self.personal:
            raise ValueError(Message("{name} is described as sensitive and not as personal", name=self.name))
        return self


class ColumnDeclaration(Input):
    """The type of one column of the files to come."""

    name: ShortText = Field(description="Name of the column in the data, compared without case")
    kind: Kind = Field(description="A decimal is exact, a number is binary floating point")
    unit: ShortText | None = Field(None, description="Unit of measure, shown where the dictionary names none")
    nullable: bool = Field(True, description="Whether a value may be missing")
    format: ColumnFormat | None = Field(
        None,
        description="How its numbers or dates are written, if not the usual way; of 12.5 % the 12.5 is kept",
    )
    offsets: bool = Field(False, description="Whether its times carry offsets, and so are instants")


class ColumnDeclarations(Input):
    """The declared columns; replaces what was declared before."""

    columns: list[ColumnDeclaration] = Field(max_length=2000)


class DeclaredColumnRead(Output):
    """A declared column."""

    name: str
    kind: Kind
    unit: str | None
    nullable: bool
    format: ColumnFormat | None
    offsets: bool


class DictionaryUpdate(Input):
    """The data dictionary; columns left out are titled by their names."""

    columns: list[DictionaryEntryUpdate] = Field(max_length=2000)


class ProductPricePlanUpdate(Input):
    """The price plan to attach."""

    plan_id: UUID


class DictionaryRead(Output):
    """What one column means."""

    name: str
    title_zh: str
    title_en: str
    unit: str | None
    personal: bool
    sensitive: bool = False
    mask: MaskRuleRead | None = Field(None, description="How samples show its values; null for the usual way")
    classification: Classification | None = Field(
        None,
        description="Class of the column (GB/T 43697-2024): as described in a product, in effect in the catalogue",
    )

    @classmethod
    def of(cls, entries: Iterable[DictionaryEntry]) -> "list[DictionaryRead]":
        """Map entries."""
        return [cls.model_validate(entry) for entry in entries]


class ThemeRead(Output):
    """A theme with its labels and the axis of the taxonomy that it lies on."""

    code: str
    label: LabelRead
    axis: ThemeAxis = Field(description="base (基础库) or theme (主题库)")
    axis_label: LabelRead

    @classmethod
    def of(cls, codes: Iterable[str]) -> "list[ThemeRead]":
        """Map codes."""
        return [
            cls(
                code=code,
                label=LabelRead.model_validate(THEMES[code]),
                axis=THEMES[code].axis,
                axis_label=LabelRead.model_validate(THEME_AXIS_LABELS[THEMES[code].axis]),
            )
            for code in codes
        ]


class ProductRead(Output):
    """A product, as its owner, its operator and regulators see it."""

    id: UUID
    operator_id: UUID
    operator_name: PartyName | None
    owner_id: UUID
    owner_name: PartyName | None
    resource_id: UUID
    authorisation_id: UUID
    status: ProductStatus
    stopped: list[str] = Field(description="Reasons of the stops now active on the product itself")
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    themes: list[ThemeRead]
    update_frequency: UpdateFrequency
    delivery_classes: list[DeliveryClass]
    purposes: list[PurposeClass] = Field(description="What it is offered for")
    dictionary: list[DictionaryRead] = Field(description="Described columns")
    declared_columns: list[DeclaredColumnRead] = Field(description="Columns whose types were declared")
    classification: Classification | None = Field(
        description="The strictest of the columns it offers, as of its publication and of every grading since"
    )
    plan_id: UUID | None
    quality_suite_id: UUID | None = Field(
        description="The version of its quality suite by which revisions are judged; null before the first"
    )
    edition_id: UUID | None = Field(description="The edition in force; null before its publication")
    created_at: datetime
    submitted_at: datetime | None
    reviewed_at: datetime | None
    review_note: str | None = Field(description="What the reviewer said; the reasons when it was returned")
    published_at: datetime | None
    rules: list[RuleVersionRead] = Field(
        description="Rulebook versions of its creation, then of its submission, then of its publication"
    )

    @classmethod
    def of(cls, row: DataProduct, names: PartyNames, stopped: Sequence[str]) -> "ProductRead":
        """Map a row.

        :param names: of its parties.
        :param stopped: why it is stopped.
        """
        hidden = {"created_by", "submitted_by", "reviewed_by", "theme_axes", "themes"}
        return cls(
            **row.model_dump(exclude=hidden),
            stopped=list(stopped),
            themes=ThemeRead.of(row.themes),
            operator_name=names.get(row.operator_id),
            owner_name=names.get(row.owner_id),
        )
