"""Tables of authorisations: the grant, the resources it covers, and the cells that keep it exclusive."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INT4RANGE, TSTZRANGE, ExcludeConstraint
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.authorisations.domain import SHARE_TOTAL, Consideration
from listings.authorisations.states import AuthorisationStatus

EXCLUSIVITY = "ex_authorisation_cells_exclusivity"
"""Name of the constraint that refuses an overlap with an exclusive authorisation."""


class Authorisation(Table, table=True):
    """What one owner grants one operator, for the half-open term [valid_from, valid_until).

    Shares are basis points of revenue. ``columns`` null means all columns. ``number`` is dense and never
    reused.
    """

    __tablename__ = "authorisations"
    __table_args__ = (
        sa.CheckConstraint("valid_until > valid_from", name="term"),
        sa.CheckConstraint(
            "owner_share >= 0 AND operator_share >= 0 AND platform_share >= 0"
            f" AND owner_share + operator_share + platform_share = {SHARE_TOTAL}",
            name="shares",
        ),
    )

    id: UUID = id_column()
    number: int | None = Field(
        default=None,
        sa_type=sa.Integer,
        sa_column_args=[sa.Identity(always=True)],
        nullable=False,
        unique=True,
    )
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)
    operator_id: UUID = Field(foreign_key="organisations.id", index=True)
    status: AuthorisationStatus = enum_column(AuthorisationStatus)
    columns: list[str] | None = Field(default=None, sa_type=sa.ARRAY(sa.String), nullable=True)
    scenarios: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    regions: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    purposes: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    exclusive: bool
    consideration: Consideration = enum_column(Consideration)
    owner_share: int
    operator_share: int
    platform_share: int
    granted_at: datetime = timestamp_column()
    granted_by: UUID
    accepted_at: datetime | None = timestamp_column(nullable=True)
    accepted_by: UUID | None = None
    ended_at: datetime | None = timestamp_column(nullable=True)
    reason: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class AuthorisationResource(Table, table=True):
    """A resource that an authorisation covers, and the right to hold it that it rests on; append-only."""

    __tablename__ = "authorisation_resources"

    authorisation_id: UUID = Field(foreign_key="authorisations.id", primary_key=True)
    resource_id: UUID = Field(foreign_key="data_resources.id", primary_key=True, index=True)
    right_id: UUID = Field(foreign_key="resource_rights.id")


class AuthorisationCell(Table, table=True):
    """One resource × scenario × region × term that an authorisation occupies.

    All ranges are half-open. An exclusive authorisation takes every lane, a shared one a lane of its own, so
    two cells overlap in all five ranges exactly when they collide and one of them is exclusive; the
    constraint refuses that, also when both arrive at once. Ending an authorisation cuts its terms short.
    """

    __tablename__ = "authorisation_cells"
    __table_args__ = (
        ExcludeConstraint(
            ("resource", "&&"),
            ("scenario", "&&"),
            ("region", "&&"),
            ("lane", "&&"),
            ("term", "&&"),
            using="gist",
            name=EXCLUSIVITY,
        ),
    )

    id: UUID = id_column()
    authorisation_id: UUID = Field(foreign_key="authorisations.id", index=True)
    resource: Any = Field(sa_type=INT4RANGE, nullable=False)
    scenario: Any = Field(sa_type=INT4RANGE, nullable=False)
    region: Any = Field(sa_type=INT4RANGE, nullable=False)
    lane: Any = Field(sa_type=INT4RANGE, nullable=False)
    term: Any = Field(sa_type=TSTZRANGE, nullable=False)
