"""Tables of registrations: applications and their steps, objections, and the registrations themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.registrations.domain import RefusalGround, RegistrationKind
from listings.registrations.states import ApplicationAction, ApplicationStatus, ObjectionStatus

_OPEN = "status IN ('submitted', 'accepted', 'announced', 'contested', 'returned')"


class RegistrationApplication(Table, table=True):
    """What an owner applies for. Everything that was done with it is in its steps.

    ``base`` is the content of the resource when it was applied for: what the application leaves as it was, the
    registration leaves as it is.
    """

    __tablename__ = "registration_applications"
    __table_args__ = (
        sa.Index(
            "uq_registration_applications_open", "resource_id", unique=True, postgresql_where=sa.text(_OPEN)
        ),
    )

    id: UUID = id_column()
    resource_id: UUID = Field(foreign_key="data_resources.id", index=True)
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)
    kind: RegistrationKind = enum_column(RegistrationKind)
    status: ApplicationStatus = enum_column(ApplicationStatus, index=True)
    attempt: int = 1
    content: dict[str, Any] = json_column()
    base: dict[str, Any] = json_column()
    applied_by: UUID
    applied_at: datetime = timestamp_column()
    due_at: datetime | None = timestamp_column(nullable=True)
    notice_opened_at: datetime | None = timestamp_column(nullable=True)
    notice_ends_at: datetime | None = timestamp_column(nullable=True)
    notice_left_seconds: int | None = None


class RegistrationStep(Table, table=True):
    """One thing that was done with an application, by whom, under which rules and why; append-only.

    ``action`` is null for the application itself. ``responsible_id`` is the person who answers for it: who acted, or
    who made the program that did; null where the service itself acted.
    """

    __tablename__ = "registration_steps"

    id: UUID = id_column()
    application_id: UUID = Field(foreign_key="registration_applications.id", index=True)
    action: ApplicationAction | None = enum_column(ApplicationAction, nullable=True, default=None)
    status: ApplicationStatus = enum_column(ApplicationStatus)
    actor_kind: str
    actor_id: UUID
    organisation_id: UUID
    responsible_id: UUID | None = None
    taken_at: datetime = timestamp_column()
    reason: str | None = None
    ground: RefusalGround | None = enum_column(RefusalGround, nullable=True, default=None)
    content: dict[str, Any] | None = json_column(nullable=True)
    content_sha256: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class RegistrationObjection(Table, table=True):
    """An objection to what is on public notice, and how it was answered."""

    __tablename__ = "registration_objections"
    __table_args__ = (sa.UniqueConstraint("application_id", "attempt", "organisation_id"),)

    id: UUID = id_column()
    application_id: UUID = Field(foreign_key="registration_applications.id")
    attempt: int
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    status: ObjectionStatus = enum_column(ObjectionStatus)
    reasons: str
    evidence_sha256: str | None = None
    raised_by: UUID
    raised_at: datetime = timestamp_column()
    answered_by: UUID | None = None
    answered_at: datetime | None = timestamp_column(nullable=True)
    answer: str | None = None


class Registration(Table, table=True):
    """One version of a registration under its code, append-only: the newest is in force while its time runs."""

    __tablename__ = "registrations"
    __table_args__ = (
        sa.UniqueConstraint("code", "version"),
        sa.UniqueConstraint("resource_id", "number"),
        sa.UniqueConstraint("application_id"),
    )

    id: UUID = id_column()
    code: str
    version: int
    resource_id: UUID = Field(foreign_key="data_resources.id")
    number: int
    owner_id: UUID = Field(foreign_key="organisations.id")
    application_id: UUID = Field(foreign_key="registration_applications.id")
    kind: RegistrationKind = enum_column(RegistrationKind)
    content: dict[str, Any] = json_column()
    content_sha256: str
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    registered_at: datetime = timestamp_column()
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class RegistrationReminder(Table, table=True):
    """What was told once, and of which instant: an end to come, an end, a deadline that passed. Append-only."""

    __tablename__ = "registration_reminders"

    subject_id: UUID = Field(primary_key=True)
    what: str = Field(primary_key=True)
    instant: datetime = Field(sa_type=sa.DateTime(timezone=True), primary_key=True)
    told_at: datetime = timestamp_column()
