"""Every SQL statement of taking statements in: their series, their entries by reference, reviews."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from market.settlement.rails.bank.states import BankEntryStatus
from market.settlement.rails.bank.tables import (
    BankEntry,
    BankMatch,
    BankStatement,
    BankStatementApproval,
    BankStatementReview,
)

_corrected = aliased(BankStatement)
_CURRENT = ~sa.exists().where(col(_corrected.replaces_id) == col(BankStatement.id))


async def series(session: AsyncSession, account: str, currency: str) -> Sequence[BankStatement]:
    """The statements of an account in a currency, in order; of a corrected one the correction."""
    statement = (
        select(BankStatement)
        .where(col(BankStatement.account) == account, col(BankStatement.currency) == currency, _CURRENT)
        .order_by(col(BankStatement.place))
    )
    return (await session.exec(statement)).all()


async def versions(session: AsyncSession, statement: BankStatement) -> set[UUID]:
    """Ids of a statement and of all that it replaced."""
    found, row = {statement.id}, statement
    while row.replaces_id is not None:
        row = (
            await session.exec(select(BankStatement).where(col(BankStatement.id) == row.replaces_id))
        ).one()
        found.add(row.id)
    return found


async def entries(session: AsyncSession, statement_id: UUID) -> Sequence[BankEntry]:
    """The entries of a statement, in the bank's order."""
    statement = select(BankEntry).where(col(BankEntry.bank_statement_id) == statement_id)
    return (await session.exec(statement.order_by(col(BankEntry.number)))).all()


async def booked_entries(
    session: AsyncSession, account: str, currency: str, references: Collection[str], days: Collection[date]
) -> Sequence[BankEntry]:
    """The booked entries of an account with one of these references, on one of these days, the oldest first.

    What the bank took back is left out.
    """
    taken_back = sa.exists().where(
        col(BankMatch.entry_id) == col(BankEntry.id), col(BankMatch.status) == BankEntryStatus.VOID
    )
    statement = (
        select(BankEntry)
        .join(BankStatement, col(BankStatement.id) == col(BankEntry.bank_statement_id))
        .where(
            col(BankEntry.servicer_reference) == _any(references, sa.String()),
            col(BankEntry.booked_on) == _any(days, sa.Date()),
            col(BankEntry.same_as_id).is_(None),
            col(BankStatement.account) == account,
            col(BankStatement.currency) == currency,
            ~taken_back,
        )
        .order_by(col(BankEntry.id))
    )
    return (await session.exec(statement)).all()


async def listed_elsewhere(
    session: AsyncSession, entry_ids: Collection[UUID], statement_id: UUID
) -> set[UUID]:
    """Those of some booked entries that a current statement lists besides this one."""
    booked = sa.func.coalesce(col(BankEntry.same_as_id), col(BankEntry.id))
    statement = (
        sa.select(booked)
        .join(BankStatement, col(BankStatement.id) == col(BankEntry.bank_statement_id))
        .where(booked == _any(entry_ids, sa.Uuid()), col(BankStatement.id) != statement_id, _CURRENT)
    )
    return set((await session.execute(statement)).scalars())


async def statements_of(session: AsyncSession, entry_ids: Collection[UUID]) -> dict[UUID, BankStatement]:
    """The statements that entries are booked with, by entry."""
    statement = (
        select(BankEntry.id, BankStatement)
        .join(BankStatement, col(BankStatement.id) == col(BankEntry.bank_statement_id))
        .where(col(BankEntry.id) == _any(entry_ids, sa.Uuid()))
    )
    return dict((await session.exec(statement)).all())


async def insert_review(session: AsyncSession, review: BankStatementReview) -> None:
    """Keep what officers are asked, once."""
    await session.execute(
        insert(BankStatementReview)
        .values(review.model_dump())
        .on_conflict_do_nothing(index_elements=["kind", "digest", "against_digest"])
    )


async def find_review(
    session: AsyncSession, kind: str, digest: bytes, against_digest: bytes
) -> BankStatementReview | None:
    """The review of a statement against another."""
    statement = select(BankStatementReview).where(
        col(BankStatementReview.kind) == kind,
        col(BankStatementReview.digest) == digest,
        col(BankStatementReview.against_digest) == against_digest,
    )
    return (await session.exec(statement)).one_or_none()


async def get_review(session: AsyncSession, review_id: UUID) -> BankStatementReview | None:
    """One review by its id."""
    return await session.get(BankStatementReview, review_id)


async def lock_review(session: AsyncSession, review_id: UUID) -> None:
    """One approval of a review at a time, until the transaction ends."""
    name = sa.func.hashtextextended(f"bank-statement-review:{review_id}", 0)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


async def reviews_page(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[BankStatementReview], str | None]:
    """One page of reviews, newest first."""
    return await paginate(session, select(BankStatementReview), BankStatementReview.id, page)


async def approvals(
    session: AsyncSession, review_ids: Collection[UUID]
) -> dict[UUID, list[BankStatementApproval]]:
    """Approvals by review, in order."""
    statement = (
        select(BankStatementApproval)
        .where(col(BankStatementApproval.review_id) == _any(review_ids, sa.Uuid()))
        .order_by(col(BankStatementApproval.number))
    )
    found: dict[UUID, list[BankStatementApproval]] = {review_id: [] for review_id in review_ids}
    for row in (await session.exec(statement)).all():
        found[row.review_id].append(row)
    return found


async def imported_by_review(session: AsyncSession, review_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The statements that were imported since a review was approved, by review."""
    found: dict[UUID, UUID] = {}
    for column in (BankStatement.review_id, BankStatement.gap_before_id, BankStatement.gap_after_id):
        statement = (
            sa.select(col(column), col(BankStatement.id))
            .where(col(column) == _any(review_ids, sa.Uuid()))
            .order_by(col(BankStatement.id).desc())
        )
        # A correction carries on what was accepted of its forerunner: the first is meant.
        found |= {review_id: made for review_id, made in await session.execute(statement) if review_id}
    return found


def _any(values: Collection[Any], kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """One array instead of as many parameters as there are values."""
    return sa.any_(sa.cast(list(values), sa.ARRAY(kind)))
