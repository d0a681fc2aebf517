"""Tables of authorisations: what is granted, who signed it, the resources, and the cells that keep it exclusive."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INT4RANGE, TSTZRANGE, ExcludeConstraint
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column, uuid_array_column
from listings.authorisations.amendment_states import AmendmentStatus
from listings.authorisations.domain import (
    SHARE_TOTAL,
    AuthorisationSide,
    Consideration,
    CoveredResource,
    Mode,
    Procedure,
    SignatureDecision,
)
from listings.authorisations.states import AuthorisationStatus

EXCLUSIVITY = "ex_authorisation_cells_exclusivity"
"""Name of the constraint that refuses an overlap with an exclusive authorisation."""


class Authorisation(Table, table=True):
    """What source agencies and an authorising body let an operator operate, for the half-open term
    [valid_from, valid_until).

    Shares are basis points of revenue; the owner's is that of the owner of a product's resource. ``columns`` null means
    all columns. ``number`` is dense and never reused.

    :ivar owner_id: the only source agency; null where there are several.
    :ivar offered_by_organisation: who proposed it: a source agency or the authorising body.
    :ivar authorising_body_id: null where two sides signed, before authorising bodies took part (``procedure``).
    :ivar domains: what its resources are registered under, in the mode by field.
    :ivar version: the one in force; `authorisation_resources` says what each covers.
    :ivar answer_by: when it lapses unless all sides have signed; null where it was offered before that was a rule.
    """

    __tablename__ = "authorisations"
    __table_args__ = (
        sa.CheckConstraint("valid_until > valid_from", name="term"),
        sa.CheckConstraint(
            "owner_share >= 0 AND operator_share >= 0 AND platform_share >= 0"
            f" AND owner_share + operator_share + platform_share = {SHARE_TOTAL}",
            name="shares",
        ),
        sa.CheckConstraint(
            "(procedure = 'three_party') = (authorising_body_id IS NOT NULL)", name="authorising_body"
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
    version: int = 1
    procedure: Procedure = enum_column(Procedure, default=Procedure.THREE_PARTY)
    owner_id: UUID | None = Field(default=None, foreign_key="organisations.id", index=True)
    authorising_body_id: UUID | None = Field(default=None, foreign_key="organisations.id", index=True)
    operator_id: UUID = Field(foreign_key="organisations.id", index=True)
    status: AuthorisationStatus = enum_column(AuthorisationStatus)
    mode: Mode = enum_column(Mode)
    domains: list[str] | None = Field(default=None, sa_type=sa.ARRAY(sa.String), nullable=True)
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
    offered_at: datetime = timestamp_column()
    offered_by: UUID
    offered_by_organisation: UUID
    answer_by: datetime | None = timestamp_column(nullable=True)
    accepted_at: datetime | None = timestamp_column(nullable=True)
    accepted_by: UUID | None = None
    ended_at: datetime | None = timestamp_column(nullable=True)
    reason: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class AuthorisationResource(Table, table=True):
    """A resource that a version of an authorisation covers, whose it is, and the right to hold it that it rests on.

    Append-only.
    """

    __tablename__ = "authorisation_resources"

    authorisation_id: UUID = Field(foreign_key="authorisations.id", primary_key=True)
    version: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    resource_id: UUID = Field(foreign_key="data_resources.id", primary_key=True, index=True)
    right_id: UUID = Field(foreign_key="resource_rights.id", index=True)
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)

    def covered(self) -> CoveredResource:
        """The same without the version."""
        return CoveredResource(self.resource_id, self.owner_id, self.right_id)


class AuthorisationSignature(Table, table=True):
    """What one side decided about an authorisation, or about an amendment of one; append-only.

    :ivar amendment_id: the amendment that it is about; null for the authorisation as it was offered.
    :ivar digest: SHA-256 of the text it was put to, in hexadecimal; null of signatures from before texts had one.
    :ivar responsible_id: the person who answers for it: who signed, or who made the program that did.
    :ivar document_sha256: of the decision, minutes or contract that it rests on.
    """

    __tablename__ = "authorisation_signatures"
    __table_args__ = (
        sa.Index(
            "uq_authorisation_signatures_once",
            "authorisation_id",
            sa.text("coalesce(amendment_id, authorisation_id)"),
            "organisation_id",
            unique=True,
            postgresql_where=sa.text("decision = 'signed'"),
        ),
    )

    id: UUID = id_column()
    authorisation_id: UUID = Field(foreign_key="authorisations.id", index=True)
    amendment_id: UUID | None = None
    side: AuthorisationSide = enum_column(AuthorisationSide)
    organisation_id: UUID = Field(foreign_key="organisations.id")
    decision: SignatureDecision = enum_column(SignatureDecision)
    signed_by: UUID
    responsible_id: UUID | None = None
    signed_at: datetime = timestamp_column()
    digest: str | None = None
    legal_basis: str | None = None
    document_sha256: str | None = None
    reason: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class AuthorisationVersion(Table, table=True):
    """The text of one version of an authorisation, from when it was offered or amended; append-only."""

    __tablename__ = "authorisation_versions"

    authorisation_id: UUID = Field(foreign_key="authorisations.id", primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    text: dict[str, Any] = json_column()
    amendment_id: UUID | None = None
    made_at: datetime = timestamp_column()


class AuthorisationAmendment(Table, table=True):
    """One amendment. ``text`` is the whole authorisation as amended and never changes; its sides sign its digest.

    :ivar base_version: the version that it amends; it makes the next one.
    :ivar sources: owners of the resources that it covers, who see it.
    :ivar impact: what it stops, as it was shown to and confirmed by whoever proposed it.
    :ivar answer_by: when it lapses unless all sides have signed it.
    """

    __tablename__ = "authorisation_amendments"
    __table_args__ = (
        # Of two amendments at once one loses.
        sa.Index(
            "uq_authorisation_amendments_open",
            "authorisation_id",
            unique=True,
            postgresql_where=sa.text("status = 'proposed'"),
        ),
        sa.Index("ix_authorisation_amendments_sources", "sources", postgresql_using="gin"),
    )

    id: UUID = id_column()
    authorisation_id: UUID = Field(foreign_key="authorisations.id", index=True)
    base_version: int
    status: AmendmentStatus = enum_column(AmendmentStatus)
    text: dict[str, Any] = json_column()
    digest: str
    sources: list[UUID] = uuid_array_column()
    impact: dict[str, Any] = json_column()
    reason: str
    legal_basis: str
    document_sha256: str | None = None
    proposed_at: datetime = timestamp_column()
    proposed_by: UUID
    proposed_by_organisation: UUID
    answer_by: datetime = timestamp_column()
    ended_at: datetime | None = timestamp_column(nullable=True)
    end_reason: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


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
