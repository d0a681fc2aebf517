"""Tables of the rulebook: what each rule may hold, its versions, and the proposals that versions come from."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from infra.rulebook.domain import RuleType
from infra.rulebook.states import ProposalStatus


class RulebookKind(Table, table=True):
    """What one parameter may hold; made with the code that reads it, by a migration.

    ``minimum`` and ``maximum`` bound a number, both included; ``choices`` lists the values of a text.
    """

    __tablename__ = "rulebook_kinds"

    key: str = Field(primary_key=True)
    type: RuleType = enum_column(RuleType)
    minimum: str | None = None
    maximum: str | None = None
    choices: list[str] | None = Field(default=None, sa_type=sa.ARRAY(sa.String), nullable=True)
    unit: str | None = None
    title_zh: str
    title_en: str


class RulebookParameter(Table, table=True):
    """One version of one parameter; append-only. The newest effective one is in force.

    ``proposal_id`` is null for what came with a release.
    """

    __tablename__ = "rulebook_parameters"
    __table_args__ = (
        sa.UniqueConstraint("key", "version"),
        sa.CheckConstraint("source_status IN ('T', 'S', 'M', 'house')", name="source_status"),
    )

    id: UUID = id_column()
    key: str
    version: int
    value: Any = json_column()
    effective_from: datetime = timestamp_column()
    source: str
    source_status: str
    proposal_id: UUID | None = Field(default=None, foreign_key="rule_proposals.id", unique=True)
    proposed_by: UUID | None = None
    approved_by: UUID | None = None
    recorded_at: datetime = Field(
        sa_type=sa.DateTime(timezone=True), nullable=False, sa_column_kwargs={"server_default": sa.func.now()}
    )


class RuleProposal(Table, table=True):
    """A version that somebody proposed: another person approves or rejects it, or the proposer withdraws it.

    ``effective_from`` null means from its approval on. One proposal of a parameter is open at a time.
    """

    __tablename__ = "rule_proposals"
    __table_args__: ClassVar[tuple[sa.schema.SchemaItem, ...]] = (
        sa.Index(
            "uq_rule_proposals_open", "key", unique=True, postgresql_where=sa.text("status = 'proposed'")
        ),
        sa.CheckConstraint("source_status IN ('T', 'S', 'M', 'house')", name="source_status"),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'rejected') OR decided_by <> proposed_by", name="two_persons"
        ),
        sa.CheckConstraint("(status = 'proposed') = (decided_by IS NULL)", name="decided"),
    )

    id: UUID = id_column()
    key: str
    value: Any = json_column()
    effective_from: datetime | None = timestamp_column(nullable=True)
    source: str
    source_status: str
    status: ProposalStatus = enum_column(ProposalStatus)
    proposed_by: UUID
    proposed_by_organisation: UUID
    proposed_at: datetime = timestamp_column()
    decided_by: UUID | None = None
    decided_by_organisation: UUID | None = None
    decided_at: datetime | None = timestamp_column(nullable=True)
    decision_reason: str | None = None
