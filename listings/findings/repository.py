"""SQL of findings."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.findings.domain import FindingKey, FindingStatus
from listings.findings.tables import ContentDecision, PersonalColumn, RevisionContents


async def detected(
    session: AsyncSession, revision_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[dict[str, Any]]]:
    """What was detected in each of these revisions; one that was never looked at is left out."""
    statement = select(RevisionContents).where(col(RevisionContents.revision_id).in_(revision_ids))
    return {row.revision_id: row.detected for row in (await session.exec(statement)).all()}


async def detected_of_product(session: AsyncSession, product_id: UUID) -> Sequence[Sequence[dict[str, Any]]]:
    """What was detected in the revisions of a product, where anything was."""
    statement = select(RevisionContents.detected).where(
        col(RevisionContents.product_id) == product_id, col(RevisionContents.detected) != []
    )
    return (await session.exec(statement)).all()


async def newest_decisions(
    session: AsyncSession, product_id: UUID
) -> dict[FindingKey, tuple[FindingStatus, str]]:
    """The newest decision about each finding of a product."""
    statement = (
        select(ContentDecision)
        .where(col(ContentDecision.product_id) == product_id)
        .order_by(col(ContentDecision.id))  # a later one takes the place of an earlier
    )
    rows = (await session.exec(statement)).all()
    return {(row.column_name, row.kind): (row.status, row.reason) for row in rows}


async def personal_columns(session: AsyncSession, product_id: UUID) -> set[str]:
    """The columns of a product declared as personal besides its dictionary."""
    statement = select(PersonalColumn.column_name).where(col(PersonalColumn.product_id) == product_id)
    return set((await session.exec(statement)).all())


async def list_contested(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[ContentDecision], str | None]:
    """One page of the findings that wait for a regulator, newest first."""
    later = aliased(ContentDecision)
    decided = sa.exists().where(
        col(later.product_id) == col(ContentDecision.product_id),
        col(later.column_name) == col(ContentDecision.column_name),
        col(later.kind) == col(ContentDecision.kind),
        col(later.id) > col(ContentDecision.id),
    )
    statement = select(ContentDecision).where(
        col(ContentDecision.status) == FindingStatus.CONTESTED, ~decided
    )
    return await paginate(session, statement, ContentDecision.id, page)
