"""Tables of quality runs. Revisions, products and suites are opaque ids here."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from quality.classes import ProductClass
from quality.runs.states import ReportStatus, RunStatus


class QualityRun(Table, table=True):
    """One run of a suite of checks on a revision; the same version of a suite again is the same run.

    ``trial`` is a run by a suite that is not in force: its report is read by reviewers and counts for nothing.
    ``reference_keys`` names the object of the revision of another product that a check refers to, by
    ``quality.facts.reference_key``. ``attempts`` counts how often a worker began, since it was last requested.
    """

    __tablename__ = "quality_runs"
    __table_args__ = (sa.UniqueConstraint("revision_id", "suite_digest"),)

    id: UUID = id_column()
    revision_id: UUID
    product_id: UUID | None = None
    suite_id: UUID | None = Field(default=None, foreign_key="quality_suites.id")
    product_class: ProductClass | None = enum_column(ProductClass, default=None, nullable=True)
    arrived_at: datetime | None = timestamp_column(nullable=True)
    suite_digest: str
    trial: bool = False
    object_key: str
    reference_keys: dict[str, str] = json_column()
    zones: dict[str, str] = json_column()
    checks: list[dict[str, Any]] = json_column(default_factory=list)
    status: RunStatus = enum_column(RunStatus)
    error: str | None = None
    attempts: int = 0
    requested_by: UUID
    requested_at: datetime = timestamp_column()
    started_at: datetime | None = timestamp_column(nullable=True)
    finished_at: datetime | None = timestamp_column(nullable=True)


class QualityProgress(Table, table=True):
    """How far a run is, while it runs; written about once a second."""

    __tablename__ = "quality_progress"

    run_id: UUID = Field(primary_key=True, foreign_key="quality_runs.id")
    done: int
    of: int
    check: str
    updated_at: datetime = timestamp_column()


class QualityReport(Table, table=True):
    """What a run found, for good; append-only.

    ``dimensions`` holds A and B of each dimension, ``checks`` each check with its counts and masked examples,
    ``refusals`` why the gate refused the revision, ``digest`` the SHA-256 of the report's content
    (``service.content``). What runs did not know before products had suites is None in reports of that time.
    """

    __tablename__ = "quality_reports"
    __table_args__ = (
        sa.UniqueConstraint("run_id"),
        sa.Index("ix_quality_reports_revision_id", "revision_id", "measured_at"),
        sa.Index("ix_quality_reports_product_id", "product_id", "measured_at"),
    )

    id: UUID = id_column()
    run_id: UUID = Field(foreign_key="quality_runs.id")
    revision_id: UUID
    product_id: UUID | None = None
    suite_id: UUID | None = None
    product_class: ProductClass | None = enum_column(ProductClass, default=None, nullable=True)
    rows: int | None = Field(default=None, sa_type=sa.BigInteger)
    repeated: int | None = Field(default=None, sa_type=sa.BigInteger)
    status: ReportStatus = enum_column(ReportStatus)
    score: Decimal = Field(sa_type=sa.Numeric(7, 6))
    grade: str
    uncapped_grade: str | None = None
    refusals: list[dict[str, Any]] = json_column(default_factory=list)
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


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """A report without its checks, of which there may be many."""

    report_id: UUID
    revision_id: UUID
    measured_at: datetime
    status: ReportStatus
    grade: str
    score: Decimal
    dimensions: list[dict[str, Any]]
