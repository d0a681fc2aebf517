"""What goes in and out of resources over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Code, Input, LongText, Output, Sha256Hex, ShortText
from listings.resources.domain import CLASSIFICATION_LABELS, THEMES, Classification, UpdateFrequency
from listings.resources.tables import DataResource


class LabelRead(Output):
    """A term of art in both languages."""

    zh: str
    en: str


class ResourceCreate(Input):
    """A data resource to register."""

    title_zh: ShortText
    title_en: ShortText
    description_zh: LongText
    description_en: LongText
    domain: Code = Field(description=f"Base or theme library, one of: {', '.join(THEMES)}")
    update_frequency: UpdateFrequency
    classification: Classification = Field(
        description="GB/T 43697-2024: 一般 general, 重要 important, 核心 core; the strictest of its fields"
    )
    personal_information: bool = Field(description="Whether any field is personal information (PIPL art. 4)")
    raw_data_stays: bool = Field(
        False,
        description="Raw records may not leave (原始数据不出域): only delivery classes that keep them are offered",
    )
    risk_assessment_sha256: Sha256Hex | None = Field(
        None, description="Digest of the risk assessment, which important data needs before it is authorised"
    )


class RiskAssessmentUpdate(Input):
    """A risk assessment to put on file."""

    sha256: Sha256Hex = Field(description="Digest of the document")
    note: LongText = Field(description="Who assessed what, and with what outcome")


class ResourceRead(Output):
    """A registered data resource."""

    id: UUID
    owner_id: UUID
    owner_name: PartyName | None
    stopped: list[str] = Field(description="Reasons of the stops now active on the resource itself")
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    domain: str
    domain_label: LabelRead
    update_frequency: UpdateFrequency
    classification: Classification
    classification_label: LabelRead
    personal_information: bool
    raw_data_stays: bool
    risk_assessment_sha256: str | None
    risk_assessment_note: str | None
    registered_at: datetime

    @classmethod
    def of(cls, row: DataResource, names: PartyNames, stopped: Sequence[str]) -> "ResourceRead":
        """Map a row.

        :param names: of its parties.
        :param stopped: why it is stopped.
        """
        return cls(
            **row.model_dump(exclude={"number", "registered_by"}),
            owner_name=names.get(row.owner_id),
            stopped=list(stopped),
            domain_label=LabelRead.model_validate(THEMES[row.domain]),
            classification_label=LabelRead.model_validate(CLASSIFICATION_LABELS[row.classification]),
        )
