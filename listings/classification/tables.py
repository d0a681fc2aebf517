"""Tables of proposals for columns, and of what persons said of them; append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from listings.classification.answers import ProposalAnswer


class RevisionProposals(Table, table=True):
    """What the columns of a revision are proposed to be described as (`proposals.Proposal`)."""

    __tablename__ = "column_proposals"

    revision_id: UUID = Field(foreign_key="product_revisions.id", primary_key=True)
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    proposals: list[dict[str, Any]] = json_column(default_factory=list)
    made_at: datetime = timestamp_column()


class ProposalDecision(Table, table=True):
    """What a person said of the proposal for one column; the newest counts.

    ``entry`` is what went into the dictionary, None where it was rejected.
    """

    __tablename__ = "column_proposal_decisions"
    __table_args__ = (sa.Index("ix_column_proposal_decisions_column", "product_id", "column_name", "id"),)

    id: UUID = id_column()
    product_id: UUID = Field(foreign_key="data_products.id")
    revision_id: UUID = Field(foreign_key="product_revisions.id")
    column_name: str
    answer: ProposalAnswer = enum_column(ProposalAnswer)
    entry: dict[str, Any] | None = json_column(nullable=True)
    reason: str | None = None
    decided_by: UUID
    decided_at: datetime = timestamp_column()
