"""Use cases of the ledger: post journals, and read what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.ledger import chart, repository
from market.settlement.ledger.domain import Account, JournalDraft, Side, imbalance
from market.settlement.ledger.errors import JournalConflict, StatementTooLong
from market.settlement.ledger.repository import AccountSums
from market.settlement.ledger.tables import LedgerAccount, LedgerJournal, LedgerPosting
from pricing.money import Money

MAX_BATCH = 5000
"""Most journals of one call."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Outcome of posting one draft: the journal's id, and whether this call made it."""

    id: UUID
    created: bool


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Debits and credits of every account, and the currencies that do not sum to zero (none, ever)."""

    rows: Sequence[AccountSums]
    differences: Sequence[Money]


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """Opening balance, movements and closing balance of one account, each positive on its normal side."""

    account: Account
    opening: Money
    closing: Money
    movements: Sequence[tuple[LedgerPosting, LedgerJournal]]


async def post(session: AsyncSession, actor: Actor, journals: Sequence[JournalDraft]) -> list[Posted]:
    """Post the journals, all or none, opening accounts that do not exist yet.

    A key that was posted before with the same content is a no-op and returns the first journal.

    :param journals: at most `MAX_BATCH`, keys distinct.
    :return: one outcome per draft, in order.
    :raises JournalConflict: a key was posted before with other content.
    """
    if not journals:
        return []
    assert len(journals) <= MAX_BATCH, "post in batches"
    assert len({journal.key for journal in journals}) == len(journals), "journal keys repeat within one batch"
    accounts = {entry.account.code: entry.account for journal in journals for entry in journal.entries}
    ids = await repository.open_accounts(session, list(accounts.values()))
    created = await repository.insert_journals(session, actor.id, journals, ids)
    repeated = [journal.key for journal in journals if journal.key not in created]
    known = await repository.journals_by_key(session, repeated) if repeated else {}
    outcome = []
    for journal in journals:
        if journal.key in created:
            outcome.append(Posted(created[journal.key], created=True))
            continue
        row = known[journal.key]
        if bytes(row.digest) != journal.digest:
            raise JournalConflict(
                Message("Journal {key!r} was posted before with other postings.", key=journal.key)
            )
        outcome.append(Posted(row.id, created=False))
    return outcome


@dataclass(frozen=True, slots=True)
class Originals:
    """The journals of one source that reverse no other: how many there were, and the one that still stands."""

    count: int = 0
    standing: UUID | None = None


async def originals(
    session: AsyncSession, source_kind: str, source_ids: Sequence[UUID]
) -> dict[UUID, Originals]:
    """What was posted of these sources so far, by source; the last that was not reversed stands.

    :param source_kind: ``payment``, ``split`` …
    """
    found = dict.fromkeys(source_ids, Originals())
    for source_id, journal_id, gone in await repository.originals(session, source_kind, source_ids):
        known = found[source_id]
        found[source_id] = Originals(known.count + 1, known.standing if gone else journal_id)
    return found


async def source_kind_of(session: AsyncSession, journal_id: UUID) -> str:
    """What a posted journal comes from: ``payment``, ``bank_entry`` …"""
    return await repository.source_kind(session, journal_id)


async def trial_balance(session: AsyncSession, at: datetime | None = None) -> TrialBalance:
    """Every account's debits and credits up to and including ``at`` of effective time (default: all)."""
    rows = await repository.sums(session, at)
    differences = imbalance((row.account.currency, row.debit - row.credit) for row in rows)
    return TrialBalance(rows, [Money(minor, currency) for currency, minor in differences])


async def balance(session: AsyncSession, account: Account, at: datetime | None = None) -> Money:
    """Balance of an account up to and including ``at``, positive on its normal side; zero if never used."""
    rows = await repository.sums(session, at, [account.code])
    signed = sum(row.debit - row.credit for row in rows)
    return Money(signed if account.normal_side is Side.DEBIT else -signed, account.currency)


async def list_accounts(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[LedgerAccount], str | None]:
    """One page of the chart of accounts."""
    return await repository.accounts_page(session, page)


async def list_journals(
    session: AsyncSession, page: PageRequest, *, account_id: UUID | None = None, source_id: UUID | None = None
) -> tuple[list[tuple[LedgerJournal, list[tuple[LedgerPosting, str]]]], str | None]:
    """One page of journals with their postings and account codes."""
    journals, cursor = await repository.journals_page(
        session, page, account_id=account_id, source_id=source_id
    )
    lines: dict[UUID, list[tuple[LedgerPosting, str]]] = {journal.id: [] for journal in journals}
    for posting, code in await repository.postings_of(session, list(lines)):
        lines[posting.journal_id].append((posting, code))
    return [(journal, lines[journal.id]) for journal in journals], cursor


async def get_statement_of_account(
    session: AsyncSession,
    organisation_id: UUID,
    currency: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AccountStatement:
    """What the market owes an owner or operator, movement by movement, over ``[since, until)``.

    :raises NotFound: the organisation never earned anything in the currency.
    :raises StatementTooLong: more than 10,000 movements.
    """
    account = chart.payable(organisation_id, currency)
    if not await repository.account_ids(session, [account.code]):
        raise NotFound(
            Message("There is no account in {currency} for this organisation yet.", currency=currency),
            remedy=Message("Ask again once an invoice in this currency is paid, or for another currency."),
        )
    movements = await repository.movements(session, account.code, since, until)
    if len(movements) >= repository.MAX_MOVEMENTS:
        raise StatementTooLong(
            Message("The period has more than {limit} movements.", limit=repository.MAX_MOVEMENTS),
            remedy=Message("Ask for a shorter period with since and until."),
        )
    before = await repository.balance_before(session, account.code, since) if since is not None else 0
    change = sum(posting.amount for posting, _ in movements)
    return AccountStatement(
        account=account,
        opening=Money(-before, currency),
        closing=Money(-(before + change), currency),
        movements=movements,
    )
