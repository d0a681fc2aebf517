"""What goes in and out of registrations over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Code, Input, LongText, Output, Reason, Sha256Hex, ShortText
from listings.registrations.domain import (
    RefusalGround,
    RegistrationKind,
    VersionStatus,
    changed,
    version_status,
)
from listings.registrations.states import (
    ApplicationAction,
    ApplicationStatus,
    ObjectionDecision,
    ObjectionStatus,
)
from listings.registrations.tables import (
    Registration,
    RegistrationApplication,
    RegistrationObjection,
    RegistrationStep,
)
from listings.resources.domain import THEMES, Classification, UpdateFrequency


class RegistrationContent(Input):
    """What a registration makes valid."""

    title_zh: ShortText
    title_en: ShortText
    description_zh: LongText
    description_en: LongText
    domain: Code = Field(description=f"Base or theme library, one of: {', '.join(THEMES)}")
    update_frequency: UpdateFrequency
    classification: Classification
    personal_information: bool = Field(description="Whether any field is personal information (PIPL art. 4)")
    source_statement: LongText = Field(
        description="Where the data comes from and on which ground it is held (数据安全法 art. 33)"
    )
    responsible_department: ShortText = Field(description="The department that answers for the resource")
    responsible_person: ShortText = Field(description="The person who does; not shown to the public")


class ApplicationCreate(Input):
    """An application for a registration."""

    kind: RegistrationKind = Field(description="A cancellation is applied for at its own route")
    content: RegistrationContent | None = Field(
        None, description="What is to be registered; left out for a renewal, which changes nothing of it"
    )
    reason: Reason


class Resubmission(Input):
    """A returned application, mended."""

    content: RegistrationContent | None = None
    reason: Reason


class Approval(Input):
    """The formal review was passed."""

    reason: Reason = Field(description="What was examined")


class Refusal(Input):
    """A refusal for good."""

    ground: RefusalGround
    reason: Reason


class ObjectionCreate(Input):
    """An objection to what is on public notice."""

    reasons: LongText = Field(description="What is wrong, and why it concerns you; kept for good")
    evidence_sha256: Sha256Hex | None = Field(None, description="Digest of a document that shows it")


class ObjectionAnswer(Input):
    """How an objection is answered."""

    decision: ObjectionDecision = Field(
        description="dismissed: the notice goes on; upheld: the application is returned or refused"
    )
    refusal_ground: RefusalGround | None = Field(
        None,
        description="Of an upheld one: refuses the application for good on this ground; left out, it is returned",
    )
    reason: Reason


class PublicContent(Output):
    """What is registered or applied for, without the name of a person."""

    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    domain: str
    update_frequency: UpdateFrequency
    classification: Classification
    personal_information: bool
    source_statement: str | None
    responsible_department: str | None


class ContentRead(PublicContent):
    """What is registered or applied for, to those it concerns."""

    responsible_person: str | None


class RuleVersion(Output):
    """A parameter of the rulebook that was read, and its version."""

    key: str
    version: int


class StepRead(Output):
    """One step of an application."""

    action: ApplicationAction | None = Field(description="Null for the application itself")
    status: ApplicationStatus = Field(description="What the application was after it")
    actor_kind: str
    organisation_id: UUID
    organisation_name: PartyName | None = Field(description="Null where the service itself acted")
    responsible_id: UUID | None = Field(description="The person who answers for it")
    responsible_name: str | None
    taken_at: datetime
    reason: str | None
    ground: RefusalGround | None
    content_sha256: str | None
    rules: list[RuleVersion]


class ObjectionRead(Output):
    """An objection and its answer."""

    id: UUID
    application_id: UUID
    organisation_id: UUID
    organisation_name: PartyName | None
    status: ObjectionStatus
    reasons: str
    evidence_sha256: str | None
    raised_at: datetime
    answered_at: datetime | None
    answer: str | None

    @classmethod
    def of(cls, row: RegistrationObjection, names: PartyNames) -> "ObjectionRead":
        """Map a row."""
        return cls(
            **row.model_dump(exclude={"attempt", "raised_by", "answered_by"}),
            organisation_name=names.get(row.organisation_id),
        )


class ApplicationRead(Output):
    """An application."""

    id: UUID
    resource_id: UUID
    owner_id: UUID
    owner_name: PartyName | None
    kind: RegistrationKind
    status: ApplicationStatus
    attempt: int = Field(description="How often it was submitted")
    content: ContentRead
    changes: list[str] = Field(description="Fields of the content that differ from what was registered")
    applied_at: datetime
    due_at: datetime | None = Field(description="By when the next step is due of the registration office")
    notice_opened_at: datetime | None
    notice_ends_at: datetime | None = Field(description="Null while an objection suspends the notice")

    @classmethod
    def of(cls, row: RegistrationApplication, names: PartyNames) -> "ApplicationRead":
        """Map a row."""
        return cls(
            **row.model_dump(exclude={"content", "base", "applied_by", "notice_left_seconds"}),
            owner_name=names.get(row.owner_id),
            content=ContentRead.model_validate(row.content),
            changes=changed(row.base, row.content),
        )


class ApplicationDetails(ApplicationRead):
    """An application with its steps and objections, oldest first."""

    steps: list[StepRead]
    objections: list[ObjectionRead]
    registration_code: str | None = Field(description="Once it is completed")

    @classmethod
    def with_history(
        cls,
        row: RegistrationApplication,
        steps: Sequence[RegistrationStep],
        objections: Sequence[RegistrationObjection],
        names: PartyNames,
        people: Mapping[UUID, str],
        code: str | None,
    ) -> "ApplicationDetails":
        """Map an application and all that was done with it."""
        return cls(
            **ApplicationRead.of(row, names).model_dump(),
            steps=[
                StepRead(
                    **step.model_dump(exclude={"id", "application_id", "actor_id", "content"}),
                    organisation_name=names.get(step.organisation_id),
                    responsible_name=people.get(step.responsible_id) if step.responsible_id else None,
                )
                for step in steps
            ],
            objections=[ObjectionRead.of(objection, names) for objection in objections],
            registration_code=code,
        )


class NoticeRead(Output):
    """An application on public notice."""

    application_id: UUID
    kind: RegistrationKind
    owner_id: UUID
    owner_name: PartyName | None
    content: PublicContent
    changes: list[str] = Field(description="Fields that differ from what was registered")
    opened_at: datetime
    ends_at: datetime | None = Field(
        description="Until when one can object; null while an objection suspends it"
    )
    suspended: bool

    @classmethod
    def of(cls, row: RegistrationApplication, names: PartyNames) -> "NoticeRead":
        """Map an application on notice."""
        assert row.notice_opened_at is not None
        return cls(
            application_id=row.id,
            kind=row.kind,
            owner_id=row.owner_id,
            owner_name=names.get(row.owner_id),
            content=PublicContent.model_validate(row.content),
            changes=[name for name in changed(row.base, row.content) if name != "responsible_person"],
            opened_at=row.notice_opened_at,
            ends_at=row.notice_ends_at,
            suspended=row.status is ApplicationStatus.CONTESTED,
        )


class VersionRead(Output):
    """One version of a registration."""

    version: int
    kind: RegistrationKind
    status: VersionStatus
    registered_at: datetime
    valid_from: datetime
    valid_until: datetime
    title_zh: str
    title_en: str


class RegistrationRead(Output):
    """A registration as anybody can look it up by its code."""

    code: str
    status: VersionStatus
    resource_id: UUID
    owner_id: UUID
    owner_name: PartyName | None
    content: PublicContent
    valid_from: datetime
    valid_until: datetime
    versions: list[VersionRead] = Field(description="Newest first")

    @classmethod
    def of(cls, rows: Sequence[Registration], names: PartyNames, now: datetime) -> "RegistrationRead":
        """Map the versions under one code.

        :param rows: newest first, at least one.
        """
        newest = rows[0]
        return cls(
            code=newest.code,
            status=version_status(newest.kind, newest.valid_until, newest=True, now=now),
            resource_id=newest.resource_id,
            owner_id=newest.owner_id,
            owner_name=names.get(newest.owner_id),
            content=PublicContent.model_validate(newest.content),
            valid_from=newest.valid_from,
            valid_until=newest.valid_until,
            versions=[
                VersionRead(
                    **row.model_dump(
                        include={"version", "kind", "registered_at", "valid_from", "valid_until"}
                    ),
                    status=version_status(row.kind, row.valid_until, newest=row is newest, now=now),
                    title_zh=row.content["title_zh"],
                    title_en=row.content["title_en"],
                )
                for row in rows
            ],
        )


def as_json(content: RegistrationContent | None) -> dict[str, Any] | None:
    """The content in JSON, as it is stored."""
    return None if content is None else content.model_dump(mode="json")
