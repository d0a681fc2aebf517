"""Tables of rights, of how they were granted, and of what weighs on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.rights.domain import EncumbranceKind, GrantForm, RightBasis, RightKind
from listings.rights.states import EncumbranceOutcome, EncumbranceStatus, GrantStatus


class ResourceRight(Table, table=True):
    """One right to one resource, with the evidence it rests on; append-only.

    ``valid_until`` null means without end; ``evidence_kept_until`` null, that it was recorded before that was a rule.
    ``parent_id`` is the right it was granted from, null for that of the source agency; ``grant_id`` is how.
    """

    __tablename__ = "resource_rights"

    id: UUID = id_column()
    resource_id: UUID = Field(foreign_key="data_resources.id", index=True)
    holder_id: UUID = Field(foreign_key="organisations.id")
    parent_id: UUID | None = Field(default=None, foreign_key="resource_rights.id")
    grant_id: UUID | None = Field(default=None, unique=True)
    may_grant: bool = True
    kind: RightKind = enum_column(RightKind)
    basis: RightBasis = enum_column(RightBasis)
    legal_basis: str
    evidence_sha256: str
    evidence_description: str
    valid_from: datetime = timestamp_column()
    valid_until: datetime | None = timestamp_column(nullable=True)
    recorded_at: datetime = timestamp_column()
    recorded_by: UUID
    evidence_kept_until: datetime | None = timestamp_column(nullable=True)
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class RightGrant(Table, table=True):
    """A right that one organisation proposes to grant to, or to be granted by, another, who accepts it or does not.

    ``right_id`` is what it is granted from: null where a source agency is asked whose own right is not on record yet.
    Of a transfer, the new right hangs where ``right_id`` did, which ends.
    """

    __tablename__ = "right_grants"

    id: UUID = id_column()
    resource_id: UUID = Field(foreign_key="data_resources.id", index=True)
    right_id: UUID | None = Field(default=None, foreign_key="resource_rights.id")
    form: GrantForm = enum_column(GrantForm)
    kind: RightKind = enum_column(RightKind)
    grantor_id: UUID = Field(foreign_key="organisations.id", index=True)
    grantee_id: UUID = Field(foreign_key="organisations.id", index=True)
    may_grant: bool
    legal_basis: str
    evidence_sha256: str
    evidence_description: str
    valid_from: datetime = timestamp_column()
    valid_until: datetime | None = timestamp_column(nullable=True)
    status: GrantStatus = enum_column(GrantStatus)
    proposed_by_organisation: UUID
    proposed_by: UUID
    proposed_at: datetime = timestamp_column()
    decided_by: UUID | None = None
    decided_at: datetime | None = timestamp_column(nullable=True)
    decision_reason: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class RightEncumbrance(Table, table=True):
    """A dispute, a pledge or a freeze. ``organisation_id``: the claimant, the pledgee or the regulator that ordered it.

    ``stops_use``: everything that rests on the right is stopped while it is in force.
    """

    __tablename__ = "right_encumbrances"
    __table_args__ = (
        sa.CheckConstraint("(status = 'ended') = (outcome IS NOT NULL)", name="ended_somehow"),
        sa.Index("ix_right_encumbrances_open", "right_id", postgresql_where=sa.text("status <> 'ended'")),
    )

    id: UUID = id_column()
    right_id: UUID = Field(foreign_key="resource_rights.id")
    kind: EncumbranceKind = enum_column(EncumbranceKind)
    status: EncumbranceStatus = enum_column(EncumbranceStatus)
    outcome: EncumbranceOutcome | None = enum_column(EncumbranceOutcome, default=None, nullable=True)
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    grounds: str
    evidence_sha256: str
    stops_use: bool = False
    lodged_by: UUID
    lodged_at: datetime = timestamp_column()
    effective_by: UUID | None = None
    effective_at: datetime | None = timestamp_column(nullable=True)
    effective_reason: str | None = None
    ended_by: UUID | None = None
    ended_at: datetime | None = timestamp_column(nullable=True)
    end_reason: str | None = None
    rules: list[dict[str, Any]] = json_column(default_factory=list)
