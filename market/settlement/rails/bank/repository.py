"""Every SQL statement of the bank rail."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from market.settlement.rails.bank.tables import BankDocument, BankEntry, BankMatch, BankStatement


async def lock_account(session: AsyncSession, account: str) -> None:
    """One import for an account at a time, until the transaction ends."""
    name = sa.func.hashtextextended(f"bank-account:{account}", 0)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


async def find(session: AsyncSession, account: str, statement_id: str) -> BankStatement | None:
    """The statement an account's bank gave this id."""
    statement = select(BankStatement).where(
        col(BankStatement.account) == account, col(BankStatement.statement_id) == statement_id
    )
    return (await session.exec(statement)).one_or_none()


async def insert_document(session: AsyncSession, document: BankDocument) -> None:
    """Store a file as received, once."""
    values = document.model_dump()
    await session.execute(
        insert(BankDocument).values(values).on_conflict_do_nothing(index_elements=["digest"])
    )


async def get(session: AsyncSession, statement_id: UUID) -> BankStatement | None:
    """One statement by our id."""
    return await session.get(BankStatement, statement_id)


async def statements_page(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[BankStatement], str | None]:
    """One page of statements, newest import first."""
    return await paginate(session, select(BankStatement), BankStatement.id, page)


async def entries_of(
    session: AsyncSession, statement_ids: Sequence[UUID]
) -> Sequence[tuple[BankEntry, BankMatch]]:
    """Entries of statements with what they were matched with, in the bank's order."""
    statement = (
        select(BankEntry, BankMatch)
        .join(BankMatch, col(BankMatch.entry_id) == col(BankEntry.id))
        .where(col(BankEntry.bank_statement_id).in_(statement_ids))
        .order_by(col(BankEntry.bank_statement_id), col(BankEntry.number))
    )
    return (await session.exec(statement)).all()
