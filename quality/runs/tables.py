"""Tables of quality. Revisions are opaque ids: quality does not know what a product is."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from quality.runs.states import ReportStatus, RunStatus


class QualityRun(Table, table=True):
    """One run of a suite of checks on a revision; the same suite again is the same run."""

    __tablename__ = "quality_runs"
    __table_args__ = (sa.UniqueConstraint("revision_id", "suite_digest"),)

    id: UUID = id_column()
    revision_id: UUID
    suite_digest: str
    object_key: str
    checks: list[dict[str, Any]] = json_column(default_factory=list)
    status: RunStatus = enum_column(RunStatus)
    error: str | None = None
    requested_by: UUID
    requested_at: datetime = timestamp_column()
    started_at: datetime | None = timestamp_column(nullable=True)
    finished_at: datetime | None = timestamp_column(nullable=True)


class QualityReport(Table, table=True):
    """What a run found, for good; append-only.

    ``dimensions`` holds A and B of each dimension, ``checks`` each check with its counts and masked examples,
    ``digest`` the SHA-256 of the report's content (``service.content``).
    """

    __tablename__ = "quality_reports"
    __table_args__ = (
        sa.UniqueConstraint("run_id"),
        sa.Index("ix_quality_reports_revision_id", "revision_id", "measured_at"),
    )

    id: UUID = id_column()
    run_id: UUID = Field(foreign_key="quality_runs.id")
    revision_id: UUID
    status: ReportStatus = enum_column(ReportStatus)
    score: Decimal = Field(sa_type=sa.Numeric(7, 6))
    grade: str
    dimensions: list[dict[str, Any]] = json_column(default_factory=list)
    checks: list[dict[str, Any]] = json_column(default_factory=list)
    engine: str
    rules: list[dict[str, Any]] = json_column(default_factory=list)
    digest: str
    measured_at: datetime = timestamp_column()

    @property
    def passed(self) -> bool:
        """Whether the revision is good enough to be sold."""
        return self.status is ReportStatus.PASSED
