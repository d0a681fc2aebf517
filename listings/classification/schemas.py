"""What goes in and out of column classes over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.messages import Message, translate
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, Output, Reason, ShortText
from listings.classification.answers import ProposalAnswer, ShownProposal
from listings.classification.kinds import PersonalKind
from listings.gradings.domain import (
    DECISION_TABLE_SOURCE,
    GradingAction,
    ImpactDegree,
    ImpactObject,
    class_of,
)
from listings.gradings.tables import ColumnGrading
from listings.resources.domain import Classification


class ColumnGradingCreate(Input):
    """A lower class that is asked for."""

    column: ShortText = Field(description="Name of the column in the data")
    classification: Classification
    impact_object: ImpactObject = Field(description="What would be harmed")
    impact_degree: ImpactDegree = Field(description="How badly")
    reason: Reason


class ColumnClassRaise(Input):
    """A stricter class, in effect at once."""

    column: ShortText = Field(description="Name of the column in the data")
    classification: Classification
    impact_object: ImpactObject | None = Field(None, description="What would be harmed")
    impact_degree: ImpactDegree | None = Field(None, description="How badly")
    reason: Reason

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.impact_object is None) != (self.impact_degree is None):
            raise ValueError(Message("impact_object and impact_degree are stated together"))
        return self

    def impact(self) -> tuple[ImpactObject, ImpactDegree] | None:
        """What would be harmed and how badly, where it is stated."""
        if self.impact_object is None or self.impact_degree is None:
            return None
        return self.impact_object, self.impact_degree


class ColumnGradingRead(Output):
    """One event of a column's class."""

    id: UUID
    resource_id: UUID
    column_name: str
    request_id: UUID | None = Field(
        description="The request that was decided or revoked; null for a request or raise"
    )
    action: GradingAction
    classification: Classification = Field(
        description="What was asked for, or what the column has from then on"
    )
    before: Classification = Field(description="What the column had")
    resource_classification: Classification = Field(description="What its resource had")
    impact_object: ImpactObject | None
    impact_degree: ImpactDegree | None
    table_classification: Classification | None = Field(
        description=f"What the decision table gives for these; {DECISION_TABLE_SOURCE}"
    )
    reason: str
    acted_by: UUID
    acted_by_organisation: UUID
    acted_at: datetime
    rules: list[RuleVersionRead]

    @classmethod
    def of(cls, row: ColumnGrading) -> Self:
        """Map a row."""
        given = None
        if row.impact_object is not None and row.impact_degree is not None:
            given = class_of(row.impact_object, row.impact_degree)
        return cls.model_validate({**row.model_dump(), "table_classification": given})


class ProposalConfirmation(Input):
    """A proposal that is right, or that is corrected by what is stated; what is left out stays as proposed."""

    column: ShortText = Field(description="Name of the column in the data")
    title_zh: ShortText | None = None
    title_en: ShortText | None = None
    unit: ShortText | None = None
    personal: bool | None = None
    sensitive: bool | None = Field(
        None, description="Sensitive personal information (PIPL art. 28); a column that is, is personal too"
    )
    classification: Classification | None = None

    @model_validator(mode="after")
    def _sensitive_is_personal(self) -> Self:
        if self.sensitive and self.personal is False:
            raise ValueError(
                Message("{name} is described as sensitive and not as personal", name=self.column)
            )
        return self


class EditionProposalConfirmation(ProposalConfirmation):
    """A proposal for a column of a revision that is right, or that is corrected by what is stated."""

    revision_id: UUID = Field(description="The revision whose columns were looked at")


class ProposalRejection(Input):
    """A proposal that is wrong."""

    column: ShortText = Field(description="Name of the column in the data")
    reason: Reason


class WhyRead(Output):
    """Why something is proposed, in both languages."""

    zh: str
    en: str


class ColumnProposalRead(Output):
    """What a column is proposed to be described as."""

    column: str
    title_zh: str
    title_en: str
    unit: str | None
    personal: bool
    personal_kind: PersonalKind | None
    sensitive: bool
    classification: Classification = Field(description="Never below the column's own class")
    confidence: float = Field(
        ge=0, le=1, description="How certain: of the kind of personal information, else of the meaning"
    )
    why: list[WhyRead] = Field(description="One sentence for each rule that spoke")
    examples: list[str] = Field(description="Values with all but the first and the last character hidden")
    answer: ProposalAnswer | None = Field(description="What a person said last; null while nobody has")
    reason: str | None = Field(description="Of a rejection")

    @classmethod
    def of(cls, shown: ShownProposal) -> Self:
        """Map a proposal."""
        one = shown.proposal
        return cls(
            column=one.column,
            title_zh=one.title_zh,
            title_en=one.title_en,
            unit=one.unit,
            personal=one.personal,
            personal_kind=one.personal_kind,
            sensitive=one.sensitive,
            classification=shown.classification,
            confidence=one.confidence,
            why=[WhyRead(zh=translate(text, "zh"), en=translate(text, "en")) for text in one.reasons],
            examples=list(one.examples),
            answer=shown.answer,
            reason=shown.reason,
        )


class ColumnProposals(Output):
    """What is proposed for the columns of a revision."""

    ready: bool = Field(description="Whether the columns were looked at; ask again in a moment while not")
    items: list[ColumnProposalRead]
