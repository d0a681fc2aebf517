"""Every SQL statement of waivers."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from quality.waivers.states import WaiverRequestStatus
from quality.waivers.tables import QualityWaiver, QualityWaiverRequest


def _counts() -> sa.ColumnElement[bool]:
    """SQL: a waiver is in force, by the time of the statement."""
    return sa.and_(
        col(QualityWaiver.revoked_at).is_(None),
        col(QualityWaiver.expires_at) > sa.func.statement_timestamp(),
    )


def in_force(report_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """SQL: a waiver of the report in this column is in force."""
    return sa.select(1).where(col(QualityWaiver.report_id) == report_id, _counts()).exists()


def was_requested(product_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """SQL: a waiver was requested for the product in this column."""
    return sa.select(1).where(col(QualityWaiverRequest.product_id) == product_id).exists()


async def find_in_force(session: AsyncSession, report_ids: Collection[UUID]) -> dict[UUID, QualityWaiver]:
    """Report → its waiver in force, the one that lasts longest."""
    statement = (
        select(QualityWaiver)
        .where(col(QualityWaiver.report_id).in_(report_ids), _counts())
        .order_by(col(QualityWaiver.expires_at))
    )
    return {row.report_id: row for row in (await session.exec(statement)).all()}


async def list_of_revision(session: AsyncSession, revision_id: UUID) -> Sequence[QualityWaiver]:
    """Every waiver of a revision's reports, newest first."""
    statement = (
        select(QualityWaiver)
        .where(col(QualityWaiver.revision_id) == revision_id)
        .order_by(col(QualityWaiver.id).desc())
    )
    return (await session.exec(statement)).all()


async def get(session: AsyncSession, waiver_id: UUID, *, lock: bool = False) -> QualityWaiver | None:
    """A waiver; with a lock as the database has it now."""
    statement = select(QualityWaiver).where(QualityWaiver.id == waiver_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_ended_untold(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Waivers that have expired, of which nobody was told yet, the first to end first."""
    statement = (
        select(QualityWaiver.id)
        .where(
            col(QualityWaiver.ended_told_at).is_(None),
            col(QualityWaiver.expires_at) <= sa.func.statement_timestamp(),
        )
        .order_by(col(QualityWaiver.expires_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def list_requests(session: AsyncSession, revision_id: UUID) -> Sequence[QualityWaiverRequest]:
    """Every request about a revision, newest first."""
    statement = (
        select(QualityWaiverRequest)
        .where(col(QualityWaiverRequest.revision_id) == revision_id)
        .order_by(col(QualityWaiverRequest.id).desc())
    )
    return (await session.exec(statement)).all()


async def waiting_request(session: AsyncSession, report_id: UUID) -> QualityWaiverRequest | None:
    """The request about a report that waits for a decision, locked."""
    statement = (
        select(QualityWaiverRequest)
        .where(
            col(QualityWaiverRequest.report_id) == report_id,
            col(QualityWaiverRequest.status) == WaiverRequestStatus.WAITING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def lock_waiting(session: AsyncSession, product_id: UUID) -> Sequence[QualityWaiverRequest]:
    """The requests about a product's revisions that wait for a decision, locked."""
    statement = (
        select(QualityWaiverRequest)
        .where(
            col(QualityWaiverRequest.product_id) == product_id,
            col(QualityWaiverRequest.status) == WaiverRequestStatus.WAITING,
        )
        .order_by(col(QualityWaiverRequest.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def get_request(
    session: AsyncSession, request_id: UUID, *, lock: bool = False
) -> QualityWaiverRequest | None:
    """A request; with a lock as the database has it now."""
    statement = select(QualityWaiverRequest).where(QualityWaiverRequest.id == request_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def list_waiting(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[QualityWaiverRequest], str | None]:
    """One page of the requests that wait for a decision, newest first."""
    statement = select(QualityWaiverRequest).where(
        col(QualityWaiverRequest.status) == WaiverRequestStatus.WAITING
    )
    return await paginate(session, statement, QualityWaiverRequest.id, page)
