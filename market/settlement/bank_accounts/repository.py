"""Every SQL statement of the register of bank accounts."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from market.settlement.bank_accounts.states import BankAccountStatus
from market.settlement.bank_accounts.tables import BankAccount


async def lock_number(session: AsyncSession, key: str) -> None:
    """One registration or confirmation of a number at a time, until the transaction ends."""
    name = sa.func.hashtextextended(f"bank-account-number:{key}", 0)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


async def get(session: AsyncSession, account_id: UUID) -> BankAccount | None:
    """One account by its id."""
    return await session.get(BankAccount, account_id, populate_existing=True)


async def lock(session: AsyncSession, account_id: UUID) -> BankAccount | None:
    """One account, which nobody else changes until the transaction ends."""
    return await session.get(BankAccount, account_id, populate_existing=True, with_for_update=True)


async def with_number(session: AsyncSession, key: str) -> Sequence[BankAccount]:
    """The registrations of a number in any currency, oldest first; none of them changes until the transaction ends."""
    statement = (
        select(BankAccount)
        .where(col(BankAccount.number_key) == key)
        .order_by(col(BankAccount.registered_at), col(BankAccount.id))
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def active(session: AsyncSession) -> Sequence[BankAccount]:
    """The accounts that are used, by number."""
    statement = (
        select(BankAccount)
        .where(col(BankAccount.status) == BankAccountStatus.ACTIVE)
        .order_by(col(BankAccount.number_key), col(BankAccount.currency))
    )
    return (await session.exec(statement)).all()


async def accounts_page(
    session: AsyncSession, page: PageRequest, *, status: BankAccountStatus | None
) -> tuple[Sequence[BankAccount], str | None]:
    """One page of the register, newest first."""
    statement = select(BankAccount)
    if status is not None:
        statement = statement.where(col(BankAccount.status) == status)
    return await paginate(session, statement, BankAccount.id, page)
