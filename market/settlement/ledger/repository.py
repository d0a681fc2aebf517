"""Every SQL statement of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from infra.db import AsyncSession, new_id
from infra.paging import PageRequest, paginate
from market.settlement.ledger.domain import Account, JournalDraft
from market.settlement.ledger.tables import LedgerAccount, LedgerJournal, LedgerPosting

MAX_MOVEMENTS = 10_000
"""Most movements one statement of account shows."""

# One statement for journals and postings alike: the triggers of both fire at its end and see the whole, so
# that neither an empty journal nor a later addition to one can exist for a moment.
_POST = sa.text(
    """
    WITH posted AS (
        INSERT INTO ledger_journals (id, idempotency_key, digest, effective_at, recorded_at, recorded_by,
                                     description, source_kind, source_id, reverses_id, posting_count)
        SELECT j.id, j.key, j.digest, j.effective_at, now(), CAST(:recorded_by AS uuid),
               j.description, j.source_kind, j.source_id, j.reverses_id, j.posting_count
          FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[]), CAST(:digests AS bytea[]),
                      CAST(:effective AS timestamptz[]), CAST(:descriptions AS text[]),
                      CAST(:source_kinds AS text[]), CAST(:source_ids AS uuid[]),
                      CAST(:reverses AS uuid[]), CAST(:counts AS smallint[]))
               AS j (id, key, digest, effective_at, description, source_kind, source_id, reverses_id,
                     posting_count)
        ON CONFLICT (idempotency_key) DO NOTHING
        RETURNING id, idempotency_key, effective_at
    ), lines AS (
        INSERT INTO ledger_postings (journal_id, line, account_id, amount, currency, effective_at)
        SELECT posted.id, p.line, p.account_id, p.amount, p.currency, posted.effective_at
          FROM unnest(CAST(:journal_ids AS uuid[]), CAST(:lines AS smallint[]), CAST(:account_ids AS uuid[]),
                      CAST(:amounts AS bigint[]), CAST(:currencies AS text[]))
               AS p (journal_id, line, account_id, amount, currency)
          JOIN posted ON posted.id = p.journal_id
    )
    SELECT idempotency_key, id FROM posted
    """
)


@dataclass(frozen=True, slots=True)
class AccountSums:
    """Debits and credits of one account, both as positive minor units."""

    account: LedgerAccount
    debit: int
    credit: int


async def open_accounts(session: AsyncSession, accounts: Sequence[Account]) -> dict[str, UUID]:
    """Ids of the accounts by code; those that do not exist yet are opened."""
    by_code = {account.code: account for account in accounts}
    known = await account_ids(session, list(by_code))
    missing = [by_code[code] for code in sorted(by_code.keys() - known.keys())]
    if missing:
        rows = [
            {
                "id": new_id(),
                "code": account.code,
                "role": account.role,
                "kind": account.kind,
                "normal_side": account.normal_side,
                "currency": account.currency,
                "subject": account.subject,
                "owner_organisation_id": account.owner_organisation_id,
            }
            for account in missing
        ]
        await session.execute(
            insert(LedgerAccount).values(rows).on_conflict_do_nothing(index_elements=["code"])
        )
        known |= await account_ids(session, [account.code for account in missing])
    return known


async def account_ids(session: AsyncSession, codes: Sequence[str]) -> dict[str, UUID]:
    """Ids of the existing accounts among the codes."""
    statement = select(LedgerAccount.code, LedgerAccount.id).where(col(LedgerAccount.code).in_(codes))
    return dict((await session.exec(statement)).all())


async def insert_journals(
    session: AsyncSession, recorded_by: UUID, journals: Sequence[JournalDraft], accounts: dict[str, UUID]
) -> dict[str, UUID]:
    """Insert the journals whose key is new; returns their ids by key."""
    ids = [new_id() for _ in journals]
    lines = [
        (journal_id, line, accounts[entry.account.code], entry.minor, entry.account.currency)
        for journal_id, journal in zip(ids, journals, strict=True)
        for line, entry in enumerate(journal.entries, start=1)
    ]
    values: dict[str, Any] = {
        "recorded_by": recorded_by,
        "ids": ids,
        "keys": [journal.key for journal in journals],
        "digests": [journal.digest for journal in journals],
        "effective": [journal.effective_at for journal in journals],
        "descriptions": [journal.description for journal in journals],
        "source_kinds": [journal.source_kind for journal in journals],
        "source_ids": [journal.source_id for journal in journals],
        "reverses": [journal.reverses_id for journal in journals],
        "counts": [len(journal.entries) for journal in journals],
    }
    for place, name in enumerate(("journal_ids", "lines", "account_ids", "amounts", "currencies")):
        values[name] = [line[place] for line in lines]
    result = await session.execute(_POST, values)
    return {row.idempotency_key: row.id for row in result.all()}


async def journals_by_key(session: AsyncSession, keys: Sequence[str]) -> dict[str, LedgerJournal]:
    """Posted journals by idempotency key."""
    statement = select(LedgerJournal).where(col(LedgerJournal.idempotency_key).in_(keys))
    return {row.idempotency_key: row for row in (await session.exec(statement)).all()}


async def originals(
    session: AsyncSession, source_kind: str, source_ids: Sequence[UUID]
) -> Sequence[tuple[UUID, UUID, bool]]:
    """Source, id and whether it was reversed, of the journals of these sources that reverse none, oldest first."""
    undoing = aliased(LedgerJournal)
    reversed_ = sa.exists().where(col(undoing.reverses_id) == col(LedgerJournal.id))
    statement = (
        sa.select(col(LedgerJournal.source_id), col(LedgerJournal.id), reversed_)
        .where(
            col(LedgerJournal.source_kind) == source_kind,
            col(LedgerJournal.source_id).in_(source_ids),
            col(LedgerJournal.reverses_id).is_(None),
        )
        .order_by(col(LedgerJournal.id))
    )
    return [(source_id, journal_id, gone) for source_id, journal_id, gone in await session.execute(statement)]


async def source_kind(session: AsyncSession, journal_id: UUID) -> str:
    """What a posted journal comes from."""
    statement = select(LedgerJournal.source_kind).where(col(LedgerJournal.id) == journal_id)
    return (await session.exec(statement)).one()


async def sums(
    session: AsyncSession, at: datetime | None, account_codes: Sequence[str] | None = None
) -> Sequence[AccountSums]:
    """Debits and credits per account up to and including ``at`` (default: everything), by code."""
    amount = col(LedgerPosting.amount)
    joined = col(LedgerPosting.account_id) == col(LedgerAccount.id)
    if at is not None:
        joined = joined & (col(LedgerPosting.effective_at) <= at)
    statement = (
        sa.select(
            LedgerAccount,
            sa.func.coalesce(sa.func.sum(amount).filter(amount > 0), 0),
            sa.func.coalesce(-sa.func.sum(amount).filter(amount < 0), 0),
        )
        .outerjoin(LedgerPosting, joined)
        .group_by(col(LedgerAccount.id))
        .order_by(col(LedgerAccount.code))
    )
    if account_codes is not None:
        statement = statement.where(col(LedgerAccount.code).in_(account_codes))
    return [
        AccountSums(account, int(debit), int(credit))
        for account, debit, credit in (await session.execute(statement)).all()
    ]


async def accounts_page(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[LedgerAccount], str | None]:
    """One page of the chart, newest first."""
    return await paginate(session, select(LedgerAccount), LedgerAccount.id, page)


async def journals_page(
    session: AsyncSession, page: PageRequest, *, account_id: UUID | None, source_id: UUID | None
) -> tuple[Sequence[LedgerJournal], str | None]:
    """One page of journals, newest first, of one account or one source where that is asked."""
    statement = select(LedgerJournal)
    if account_id is not None:
        touched = sa.select(col(LedgerPosting.journal_id)).where(col(LedgerPosting.account_id) == account_id)
        statement = statement.where(col(LedgerJournal.id).in_(touched))
    if source_id is not None:
        statement = statement.where(col(LedgerJournal.source_id) == source_id)
    return await paginate(session, statement, LedgerJournal.id, page)


async def postings_of(
    session: AsyncSession, journal_ids: Sequence[UUID]
) -> Sequence[tuple[LedgerPosting, str]]:
    """Postings of the journals with their accounts' codes, in journal and line order."""
    statement = (
        select(LedgerPosting, LedgerAccount.code)
        .join(LedgerAccount, col(LedgerAccount.id) == col(LedgerPosting.account_id))
        .where(col(LedgerPosting.journal_id).in_(journal_ids))
        .order_by(col(LedgerPosting.journal_id), col(LedgerPosting.line))
    )
    return (await session.exec(statement)).all()


async def movements(
    session: AsyncSession, account_code: str, since: datetime | None, until: datetime | None
) -> Sequence[tuple[LedgerPosting, LedgerJournal]]:
    """Postings of one account with their journals, in ``[since, until)`` of effective time, oldest first."""
    statement = (
        select(LedgerPosting, LedgerJournal)
        .join(LedgerJournal, col(LedgerJournal.id) == col(LedgerPosting.journal_id))
        .join(LedgerAccount, col(LedgerAccount.id) == col(LedgerPosting.account_id))
        .where(col(LedgerAccount.code) == account_code)
        .order_by(col(LedgerPosting.effective_at), col(LedgerPosting.journal_id), col(LedgerPosting.line))
        .limit(MAX_MOVEMENTS)
    )
    if since is not None:
        statement = statement.where(col(LedgerPosting.effective_at) >= since)
    if until is not None:
        statement = statement.where(col(LedgerPosting.effective_at) < until)
    return (await session.exec(statement)).all()


async def balance_before(session: AsyncSession, account_code: str, moment: datetime) -> int:
    """Signed balance (debit positive) of an account just before a moment of effective time."""
    statement = (
        sa.select(sa.func.coalesce(sa.func.sum(col(LedgerPosting.amount)), 0))
        .join(LedgerAccount, col(LedgerAccount.id) == col(LedgerPosting.account_id))
        .where(col(LedgerAccount.code) == account_code, col(LedgerPosting.effective_at) < moment)
    )
    return int((await session.execute(statement)).scalar_one())
