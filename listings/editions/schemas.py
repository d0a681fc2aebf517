"""What goes in and out of editions over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Code, Input, LongText, Output, Reason, Sha256Hex, ShortText
from listings.editions.domain import DATA, MEMBERS, Answer, Document, Remark, compare
from listings.editions.states import EditionStatus, ReviewDecision
from listings.editions.tables import ProductEdition
from listings.products.domain import DeliveryClass
from listings.resources.domain import THEMES, UpdateFrequency
from pricing.regulated.purposes import PurposeClass


class EditionUpdate(Input):
    """What is to change; members that are left out stay, and none may be null."""

    # Never read: whoever changes something looks at the members that were sent.
    title_zh: ShortText = Field(default_factory=str)
    title_en: ShortText = Field(default_factory=str)
    description_zh: LongText = Field(default_factory=str)
    description_en: LongText = Field(default_factory=str)
    themes: list[Code] = Field(
        default_factory=list, min_length=1, max_length=10, description=f"Among: {', '.join(THEMES)}"
    )
    update_frequency: UpdateFrequency = Field(
        default_factory=lambda: UpdateFrequency.IRREGULAR, description="How often new data is promised"
    )
    purposes: list[PurposeClass] = Field(
        default_factory=list,
        min_length=1,
        max_length=10,
        description="What it is offered for, among the authorisation's purposes",
    )
    delivery_classes: list[DeliveryClass] = Field(
        default_factory=list, min_length=1, max_length=10, description="How data reaches buyers"
    )
    plan_id: UUID = Field(
        default_factory=lambda: UUID(int=0), description="A price plan of yours; for orders that come after"
    )


class RemarkCreate(Input):
    """What a reviewer says of one field."""

    field: ShortText = Field(
        description=f"Among: {', '.join(MEMBERS)}, dictionary.<column>, quality_checks.<name>; `{DATA}` for"
        " the file and its quality",
        examples=["title_en", "dictionary.pm25"],
    )
    remark: Reason

    def domain(self) -> Remark:
        """The remark as the rules see it."""
        return Remark(self.field, self.remark)


Remarks: Any = Field(
    default_factory=list, max_length=200, description="What is to be changed or explained, field by field"
)


class ReturnCreate(Input):
    """A return of a product to its operator: the reason, and what is to be mended field by field."""

    reason: Reason
    remarks: list[RemarkCreate] = Remarks


class EditionApproval(Input):
    """An approval of the document that was read."""

    digest: Sha256Hex = Field(description="Of the edition as you read it")
    note: Reason | None = None


class EditionReturn(ReturnCreate):
    """A return of an edition that was read."""

    digest: Sha256Hex = Field(description="Of the edition as you read it")


class EditionRefusal(Input):
    """A refusal of an edition that was read, for good."""

    digest: Sha256Hex = Field(description="Of the edition as you read it")
    reason: Reason


class ExplanationCreate(Input):
    """Why a field stays as it is."""

    explanation: Reason


class ChangeRead(Output):
    """One field in which an edition differs from the one before."""

    field: str = Field(
        description="A member of the document; dictionary.<column> for one column, quality_checks.<name> for one check"
    )
    before: Any = Field(description="null where there was none")
    after: Any = Field(description="null where there is none any more")

    @classmethod
    def between(cls, before: Document | None, after: Document) -> "list[ChangeRead]":
        """Map what changed; nothing for a first edition."""
        if before is None:
            return []
        return [cls.model_validate(change) for change in compare(before, after)]


class RemarkRead(Output):
    """What a reviewer said of one field, and how the operator answered."""

    id: UUID
    field: str
    remark: str
    answer: Answer | None = Field(
        description="changed once the field is another than when it was reviewed; explained; null while neither"
    )
    explanation: str | None


class ReviewRead(Output):
    """One decision about an edition, as it was then."""

    decision: ReviewDecision
    digest: str
    submitted_at: datetime
    submitted_by: UUID
    reviewed_at: datetime
    reviewed_by: UUID
    note: str | None
    remarks: list[RemarkRead]
    rules: list[RuleVersionRead]


class EditionSummary(Output):
    """An edition in a list."""

    id: UUID
    product_id: UUID
    number: int | None = Field(description="Counts the editions that took effect, from 1")
    status: EditionStatus
    title_zh: str
    title_en: str
    digest: str
    created_at: datetime
    submitted_at: datetime | None
    reviewed_at: datetime | None
    effective_at: datetime | None
    superseded_at: datetime | None

    @classmethod
    def of(cls, row: ProductEdition) -> "EditionSummary":
        """Map a row."""
        return cls(**_summary(row))


def _summary(row: ProductEdition) -> dict[str, Any]:
    return {
        **row.model_dump(include=set(EditionSummary.model_fields) - {"title_zh", "title_en"}),
        "title_zh": row.document["title_zh"],
        "title_en": row.document["title_en"],
    }


class EditionRead(EditionSummary):
    """An edition with its document, what it changes, and what reviewers said of it."""

    based_on_id: UUID | None = Field(description="The edition that was in force when it was drafted")
    document: dict[str, Any] = Field(description="What it says and offers, as it is reviewed")
    digest: str = Field(description="SHA-256 of the document as JSON with sorted keys and no white space")
    changes: list[ChangeRead] = Field(description="Against the edition that it is based on")
    submitted_by: UUID | None
    reviewed_by: UUID | None
    review_note: str | None = Field(
        description="What the reviewer said last; the reason when it was returned"
    )
    withdrawal_reason: str | None
    reviews: list[ReviewRead] = Field(description="Every decision about it, oldest first")
    rules: list[RuleVersionRead]

    @classmethod
    def build(
        cls,
        row: ProductEdition,
        base: Document | None,
        document: Document,
        reviews: Sequence[ReviewRead],
    ) -> "EditionRead":
        """Map a row.

        :param base: the document it is based on.
        :param document: its own; both with their checks.
        """
        kept = {
            "based_on_id",
            "document",
            "submitted_by",
            "reviewed_by",
            "review_note",
            "withdrawal_reason",
            "rules",
        }
        return cls(
            **_summary(row),
            **row.model_dump(include=kept),
            changes=ChangeRead.between(base, document),
            reviews=list(reviews),
        )
