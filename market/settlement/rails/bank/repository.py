"""Every SQL statement of the bank rail."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, encode_cursor, paginate
from market.settlement.invoices.tables import Invoice
from market.settlement.rails.bank.states import BankEntryStatus
from market.settlement.rails.bank.tables import (
    BankDocument,
    BankEntry,
    BankMatch,
    BankMatchPart,
    BankStatement,
)

_later = aliased(BankMatch)
_LATEST = ~sa.exists().where(
    col(_later.entry_id) == col(BankMatch.entry_id), col(_later.number) == col(BankMatch.number) + 1
)


async def lock_account(session: AsyncSession, account: str) -> None:
    """One import for an account at a time, until the transaction ends."""
    name = sa.func.hashtextextended(f"bank-account:{account}", 0)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


async def lock_entries(session: AsyncSession, entry_ids: Collection[UUID]) -> None:
    """Match these entries alone, until the transaction ends; their rows never change, so a name is locked."""
    for entry_id in sorted(entry_ids):
        name = sa.func.hashtextextended(f"bank-entry:{entry_id}", 0)
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


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
    session: AsyncSession, page: PageRequest, *, account: str | None
) -> tuple[Sequence[BankStatement], str | None]:
    """One page of statements, newest import first."""
    statement = select(BankStatement)
    if account is not None:
        statement = statement.where(col(BankStatement.account) == account)
    return await paginate(session, statement, BankStatement.id, page)


async def entries_of(
    session: AsyncSession, statement_ids: Sequence[UUID]
) -> Sequence[tuple[BankEntry, BankMatch]]:
    """Entries of statements with what they, or the entries they are once more, are matched with now; in order."""
    statement = (
        select(BankEntry, BankMatch)
        .join(
            BankMatch,
            col(BankMatch.entry_id) == sa.func.coalesce(col(BankEntry.same_as_id), col(BankEntry.id)),
        )
        .where(col(BankEntry.bank_statement_id).in_(statement_ids), _LATEST)
        .order_by(col(BankEntry.bank_statement_id), col(BankEntry.number))
    )
    return (await session.exec(statement)).all()


async def matched_entries(
    session: AsyncSession, entry_ids: Collection[UUID]
) -> Sequence[tuple[BankEntry, BankStatement, BankMatch]]:
    """Entries with their statements and what they are matched with now."""
    statement = (
        select(BankEntry, BankStatement, BankMatch)
        .join(BankStatement, col(BankStatement.id) == col(BankEntry.bank_statement_id))
        .join(BankMatch, col(BankMatch.entry_id) == col(BankEntry.id))
        .where(col(BankEntry.id).in_(entry_ids), _LATEST)
    )
    return (await session.exec(statement)).all()


async def booked_id(session: AsyncSession, entry_id: UUID) -> UUID | None:
    """The entry that is booked for an entry; None: there is no such entry."""
    booked = sa.func.coalesce(col(BankEntry.same_as_id), col(BankEntry.id))
    return await session.scalar(sa.select(booked).where(col(BankEntry.id) == entry_id))


async def matches_of(session: AsyncSession, entry_id: UUID) -> Sequence[BankMatch]:
    """Every match of an entry, the newest first."""
    statement = (
        select(BankMatch).where(col(BankMatch.entry_id) == entry_id).order_by(col(BankMatch.number).desc())
    )
    return (await session.exec(statement)).all()


async def parts_of(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, list[BankMatchPart]]:
    """Parts by match, in order."""
    statement = (
        select(BankMatchPart)
        .where(col(BankMatchPart.match_id) == sa.any_(sa.cast(list(match_ids), sa.ARRAY(sa.Uuid()))))
        .order_by(col(BankMatchPart.match_id), col(BankMatchPart.number))
    )
    found: dict[UUID, list[BankMatchPart]] = {match_id: [] for match_id in match_ids}
    for part in (await session.exec(statement)).all():
        found[part.match_id].append(part)
    return found


async def entries_page(
    session: AsyncSession,
    page: PageRequest,
    *,
    status: BankEntryStatus | None,
    account: str | None,
    currency: str | None,
    incoming: bool | None,
) -> tuple[list[UUID], str | None]:
    """Ids of one page of entries, those that were booked first before the others."""
    statement = (
        select(BankEntry.id)
        .join(BankMatch, col(BankMatch.entry_id) == col(BankEntry.id))
        .join(BankStatement, col(BankStatement.id) == col(BankEntry.bank_statement_id))
        .where(_LATEST)
    )
    if status is not None:
        statement = statement.where(col(BankMatch.status) == status)
    if account is not None:
        statement = statement.where(col(BankStatement.account) == account)
    if currency is not None:
        statement = statement.where(col(BankEntry.currency) == currency)
    if incoming is not None:
        statement = statement.where((col(BankEntry.amount_minor) > 0) == incoming)
    place = sa.tuple_(col(BankEntry.booked_on), col(BankEntry.id))
    if page.after is not None:
        last = aliased(BankEntry)
        after = sa.select(col(last.booked_on), col(last.id)).where(col(last.id) == page.after)
        statement = statement.where(place > after.scalar_subquery())
    statement = statement.order_by(col(BankEntry.booked_on), col(BankEntry.id)).limit(page.limit + 1)
    ids = list((await session.exec(statement)).all())
    shown = ids[: page.limit]
    return shown, encode_cursor(shown[-1]) if len(ids) > page.limit else None


async def buyers_paid_for(session: AsyncSession, payers: Collection[str]) -> Sequence[tuple[str, UUID]]:
    """What the bank called payers, with the buyers whose invoices their money has paid."""
    statement = (
        sa.select(col(BankEntry.counterparty), col(Invoice.buyer_id))
        .join(BankMatch, col(BankMatch.entry_id) == col(BankEntry.id))
        .join(BankMatchPart, col(BankMatchPart.match_id) == col(BankMatch.id))
        .join(Invoice, col(Invoice.id) == col(BankMatchPart.invoice_id))
        .where(col(BankEntry.counterparty).in_(payers), col(BankEntry.counterparty) != "", _LATEST)
        .distinct()
    )
    return [(payer, buyer_id) for payer, buyer_id in await session.execute(statement)]
