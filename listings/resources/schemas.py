"""What goes in and out of resources over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Code, Input, Instant, LongText, Output, Reason, Sha256Hex, ShortText
from listings.resources.domain import (
    CLASSIFICATION_LABELS,
    THEMES,
    AssessmentKind,
    Classification,
    UpdateFrequency,
)
from listings.resources.registration import RegistrationStatus
from listings.resources.tables import DataResource, ResourceAssessment


class LabelRead(Output):
    """A term of art in both languages."""

    zh: str
    en: str


class ResourceCreate(Input):
    """A data resource to draft; it is registered by an application."""

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
    reason: Reason | None = Field(None, description="Why it is drafted, for the audit log")
    risk_assessment_sha256: Sha256Hex | None = Field(
        None, description="Digest of the risk assessment, which important data needs before it is authorised"
    )


class AssessmentCreate(Input):
    """An assessment to put on file: the next version of its kind."""

    kind: AssessmentKind
    sha256: Sha256Hex = Field(description="Digest of the document")
    note: LongText | None = Field(None, description="Who assessed what, and with what outcome")
    valid_until: Instant | None = Field(None, description="Until when it counts; left out for no end")


class AssessmentRead(Output):
    """One version of an assessment."""

    id: UUID
    resource_id: UUID
    kind: AssessmentKind
    number: int
    sha256: str
    note: str | None
    valid_until: datetime | None
    filed_by: UUID
    filed_at: datetime


class ResourceRegistration(Output):
    """How the registration of a resource stands."""

    status: RegistrationStatus
    code: str | None = Field(description="Look it up with GET /v1/registrations/{code}")
    valid_until: datetime | None = Field(description="The end of the validity, or of the time of grace")
    registered_at: datetime | None = Field(description="When it was registered first")

    @classmethod
    def of(cls, row: DataResource, status: RegistrationStatus) -> "ResourceRegistration":
        """Map what a resource's row says of it."""
        return cls(
            status=status,
            code=row.registration_code,
            valid_until=row.registered_until,
            registered_at=row.registered_at,
        )


class ResourceRead(Output):
    """A data resource, as it is registered; a draft until then."""

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
    source_statement: str | None
    responsible_department: str | None
    responsible_person: str | None
    created_at: datetime
    registration: ResourceRegistration

    @classmethod
    def of(
        cls,
        row: DataResource,
        names: PartyNames,
        stopped: Sequence[str],
        assessment: ResourceAssessment | None,
        status: RegistrationStatus,
    ) -> "ResourceRead":
        """Map a row.

        :param names: of its parties.
        :param stopped: why it is stopped.
        :param assessment: the newest risk assessment.
        :param status: how its registration stands.
        """
        return cls(
            **row.model_dump(exclude={"number", "created_by", *_REGISTRATION}),
            owner_name=names.get(row.owner_id),
            stopped=list(stopped),
            risk_assessment_sha256=assessment.sha256 if assessment else None,
            risk_assessment_note=assessment.note if assessment else None,
            domain_label=LabelRead.model_validate(THEMES[row.domain]),
            classification_label=LabelRead.model_validate(CLASSIFICATION_LABELS[row.classification]),
            registration=ResourceRegistration.of(row, status),
        )


_REGISTRATION = {
    "registration_code",
    "registered_at",
    "registered_until",
    "registration_cancelled_at",
    "grace_from",
}
