"""Posting through the service: balances, repeats, conflicts, concurrency, statements of account."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.auth import SYSTEM
from infra.db import AsyncSession, SessionMaker, transaction
from infra.errors import NotFound
from market.settlement.ledger import chart, service
from market.settlement.ledger.domain import Entry, JournalDraft, Side, credit, debit
from market.settlement.ledger.errors import JournalConflict, LedgerError
from pricing.money import Money

AT = datetime(2026, 11, 20, tzinfo=UTC)


def fen(minor: int) -> Money:
    return Money(minor, "CNY")


def sale(key: str | None = None, *, minor: int = 1000, at: datetime = AT, **who: object) -> JournalDraft:
    buyer, agreement = who.get("buyer", uuid4()), who.get("agreement", uuid4())
    return JournalDraft(
        key=key or f"test:{uuid4()}",
        effective_at=at,
        description="a sale",
        source_kind="test",
        source_id=uuid4(),
        entries=(
            debit(chart.receivable(buyer, "CNY"), fen(minor)),  # type: ignore[arg-type]
            credit(chart.clearing(agreement, "CNY"), fen(minor)),  # type: ignore[arg-type]
        ),
    )


def test_drafts_hold_the_rules_by_themselves() -> None:
    account, other = chart.bank("1", "CNY"), chart.suspense("USD")
    with pytest.raises(LedgerError, match=r"out of balance by 0\.01 CNY"):
        JournalDraft("k", AT, "", "t", uuid4(), (Entry(account, 2), Entry(account, -1)))
    with pytest.raises(LedgerError, match="1 postings"):
        JournalDraft("k", AT, "", "t", uuid4(), (Entry(account, 2),))
    with pytest.raises(LedgerError, match="no zone"):
        JournalDraft("k", datetime(2026, 1, 1), "", "t", uuid4(), (Entry(account, 2), Entry(account, -2)))  # noqa: DTZ001
    with pytest.raises(LedgerError, match="kept in USD"):
        debit(other, fen(1))
    with pytest.raises(LedgerError, match="positive"):
        credit(account, fen(-1))
    with pytest.raises(LedgerError, match="nothing"):
        Entry(account, 0)
    with pytest.raises(TypeError):
        Entry(account, 1.0)  # type: ignore[arg-type]


@given(st.lists(st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=20))
def test_a_reversal_undoes_every_posting(amounts: list[int]) -> None:
    account, other = chart.bank("1", "CNY"), chart.suspense("CNY")
    total = sum(amounts)
    entries = [Entry(account, minor) for minor in amounts] + ([Entry(other, -total)] if total else [])
    if len(entries) < 2:
        return
    draft = JournalDraft("k", AT, "", "t", uuid4(), tuple(entries))
    undone = draft.reversal("r", effective_at=AT, description="", source=("t", uuid4()), journal_id=uuid4())
    assert [entry.minor for entry in undone.entries] == [-entry.minor for entry in draft.entries]


async def test_posting_moves_balances_and_the_books_stay_at_zero(session: AsyncSession) -> None:
    buyer, agreement = uuid4(), uuid4()
    await service.post(session, SYSTEM, [sale(minor=700, buyer=buyer, agreement=agreement)])
    later = AT + timedelta(days=1)
    await service.post(session, SYSTEM, [sale(minor=300, at=later, buyer=buyer, agreement=agreement)])
    assert await service.balance(session, chart.receivable(buyer, "CNY")) == fen(1000)
    assert await service.balance(session, chart.receivable(buyer, "CNY"), AT) == fen(700)
    assert await service.balance(session, chart.clearing(agreement, "CNY")) == fen(1000)
    assert await service.balance(session, chart.bank("unused", "CNY")) == fen(0)
    trial = await service.trial_balance(session)
    assert trial.differences == []
    owed = next(row for row in trial.rows if row.account.subject == str(buyer))
    assert (owed.account.normal_side, owed.debit, owed.credit) == (Side.DEBIT, 1000, 0)


async def test_the_same_key_posts_once(session: AsyncSession) -> None:
    draft = sale()
    (first,) = await service.post(session, SYSTEM, [draft])
    (again, other) = await service.post(session, SYSTEM, [draft, sale()])
    assert (first.created, again.created, other.created) == (True, False, True)
    assert again.id == first.id
    with pytest.raises(JournalConflict):
        await service.post(session, SYSTEM, [sale(draft.key)])


async def test_many_sessions_post_to_new_accounts_at_once(sessions: SessionMaker) -> None:
    buyer, agreement, key = uuid4(), uuid4(), f"test:{uuid4()}"
    shared = sale(key, minor=5, buyer=buyer, agreement=agreement)

    async def work() -> None:
        drafts = [shared, *(sale(buyer=buyer, agreement=agreement, minor=1) for _ in range(10))]
        async with transaction(sessions) as session:
            await service.post(session, SYSTEM, drafts)

    await asyncio.gather(*(work() for _ in range(8)))
    async with transaction(sessions) as session:
        assert await service.balance(session, chart.receivable(buyer, "CNY")) == fen(85)
        assert (await service.trial_balance(session)).differences == []


async def test_a_statement_of_account_opens_moves_and_closes(session: AsyncSession) -> None:
    owner = uuid4()
    with pytest.raises(NotFound):
        await service.get_statement_of_account(session, owner, "CNY")
    for day, minor in enumerate((100, 250, 50)):
        entries = (
            debit(chart.clearing(uuid4(), "CNY"), fen(minor)),
            credit(chart.payable(owner, "CNY"), fen(minor)),
        )
        when = AT + timedelta(days=day)
        await service.post(
            session, SYSTEM, [JournalDraft(f"t:{uuid4()}", when, "split", "t", uuid4(), entries)]
        )
    whole = await service.get_statement_of_account(session, owner, "CNY")
    assert (whole.opening, whole.closing, len(whole.movements)) == (fen(0), fen(400), 3)
    part = await service.get_statement_of_account(
        session, owner, "CNY", since=AT + timedelta(days=1), until=AT + timedelta(days=2)
    )
    assert (part.opening, part.closing, len(part.movements)) == (fen(100), fen(350), 1)
