"""Tables of data resources, and of who sees them besides their owners."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from listings.resources.domain import Classification, UpdateFrequency


class DataResource(Table, table=True):
    """One registered data resource (公共数据资源) of an owner.

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
    risk_assessment_sha256: str | None = None
    risk_assessment_note: str | None = None
    registered_at: datetime = timestamp_column()
    registered_by: UUID


class ResourceViewer(Table, table=True):
    """An organisation that sees a resource of another, and the thing on the ground of which it does.

    ``basis_id`` is opaque here: the slice that gives access says what it is, and ends it by the same id.
    """

    __tablename__ = "resource_viewers"

    organisation_id: UUID = Field(foreign_key="organisations.id", primary_key=True)
    resource_id: UUID = Field(foreign_key="data_resources.id", primary_key=True)
    basis_id: UUID = Field(primary_key=True)
