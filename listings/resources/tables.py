"""Tables of data resources, and of who sees them besides their owners."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from listings.resources.domain import AssessmentKind, Classification, UpdateFrequency


class DataResource(Table, table=True):
    """One data resource (公共数据资源) of an owner, as it is registered; a draft until then.

    Which registration is in force, and until when, is what the registrations slice wrote here last. ``grace_from`` is
    set of a resource that is older than registration: it counts as registered for a time.

    ``number`` is dense and never reused: exclusivity of authorisations is overlap of number ranges.
    """

    __tablename__ = "data_resources"

    id: UUID = id_column()
    number: int | None = Field(
        default=None,
        sa_type=sa.Integer,
        sa_column_args=[sa.Identity(always=True)],
        nullable=False,
        unique=True,
    )
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    domain: str
    update_frequency: UpdateFrequency = enum_column(UpdateFrequency)
    classification: Classification = enum_column(Classification)
    personal_information: bool
    raw_data_stays: bool = False
    source_statement: str | None = None
    responsible_department: str | None = None
    responsible_person: str | None = None
    created_at: datetime = timestamp_column()
    created_by: UUID
    registration_code: str | None = None
    registered_at: datetime | None = timestamp_column(nullable=True)
    registered_until: datetime | None = timestamp_column(nullable=True)
    registration_cancelled_at: datetime | None = timestamp_column(nullable=True)
    grace_from: datetime | None = timestamp_column(nullable=True)


class ResourceAssessment(Table, table=True):
    """One version of an assessment of a resource, append-only: the newest of a kind counts, while it is valid."""

    __tablename__ = "resource_assessments"
    __table_args__ = (sa.UniqueConstraint("resource_id", "kind", "number"),)

    id: UUID = id_column()
    resource_id: UUID = Field(foreign_key="data_resources.id")
    kind: AssessmentKind = enum_column(AssessmentKind)
    number: int
    sha256: str
    note: str | None = None
    valid_until: datetime | None = timestamp_column(nullable=True)
    filed_by: UUID
    filed_at: datetime = timestamp_column()


class ResourceViewer(Table, table=True):
    """An organisation that sees a resource of another, and the thing on the ground of which it does.

    ``basis_id`` is opaque here: the slice that gives access says what it is, and ends it by the same id.
    """

    __tablename__ = "resource_viewers"

    organisation_id: UUID = Field(foreign_key="organisations.id", primary_key=True)
    resource_id: UUID = Field(foreign_key="data_resources.id", primary_key=True)
    basis_id: UUID = Field(primary_key=True)
