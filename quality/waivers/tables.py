"""Tables of waivers. Revisions and products are opaque ids: quality does not know what a product is."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from quality.waivers.states import WaiverRequestStatus


class QualityWaiver(Table, table=True):
    """A reviewer's decision that a revision counts as passed until ``expires_at``, although this report failed.

    ``checks`` names the failed checks that were waived; empty for the whole report. Nothing has to happen when it
    expires but the news of it, which was published at ``ended_told_at``.
    """

    __tablename__ = "quality_waivers"
    __table_args__ = (
        sa.Index("ix_quality_waivers_report_id", "report_id", "expires_at"),
        sa.Index("ix_quality_waivers_revision_id", "revision_id"),
        sa.Index(
            "ix_quality_waivers_untold", "expires_at", postgresql_where=sa.text("ended_told_at IS NULL")
        ),
        sa.CheckConstraint("expires_at > granted_at", name="lasts"),
    )

    id: UUID = id_column()
    revision_id: UUID
    report_id: UUID = Field(foreign_key="quality_reports.id")
    checks: list[Any] = json_column(default_factory=list)
    reason: str
    granted_by: UUID
    granted_by_organisation: UUID
    granted_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column()
    revoked_by: UUID | None = None
    revoked_at: datetime | None = timestamp_column(nullable=True)
    revocation_reason: str | None = None
    ended_told_at: datetime | None = timestamp_column(nullable=True)
    rules: list[dict[str, Any]] = json_column(default_factory=list)


class QualityWaiverRequest(Table, table=True):
    """What a party asks a reviewer to waive, and why; one at a time for each report, until another replaces that."""

    __tablename__ = "quality_waiver_requests"
    __table_args__ = (
        sa.Index(
            "uq_quality_waiver_requests_waiting",
            "report_id",
            unique=True,
            postgresql_where=sa.text("status = 'waiting'"),
        ),
        sa.Index("ix_quality_waiver_requests_revision_id", "revision_id"),
        sa.Index("ix_quality_waiver_requests_product_id", "product_id"),
    )

    id: UUID = id_column()
    product_id: UUID
    revision_id: UUID
    report_id: UUID = Field(foreign_key="quality_reports.id")
    checks: list[Any] = json_column(default_factory=list)
    justification: str
    status: WaiverRequestStatus = enum_column(WaiverRequestStatus)
    requested_by: UUID
    requested_by_organisation: UUID
    requested_at: datetime = timestamp_column()
    decided_by: UUID | None = None
    decided_at: datetime | None = timestamp_column(nullable=True)
    decision_reason: str | None = None
    waiver_id: UUID | None = Field(default=None, foreign_key="quality_waivers.id")
