"""Reconciliation on a database of its own: clean when everything matches, and a break for each way it cannot."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from infra.auth import SYSTEM
from infra.db import AsyncSession, SessionMaker, create_engine, create_sessions, snapshot, transaction
from infra.identity import service as identity
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.objects import LocalStore
from infra.paging import PageRequest
from infra.settings import Settings
from market.demo.bank import Receipt
from market.settlement.bank_accounts import service as bank_accounts
from market.settlement.reconciliation import jobs, service
from market.settlement.reconciliation.domain import Break, BreakKind
from market.settlement.reconciliation.schemas import BreakRead
from pricing.money import Money
from tests.support.database import TestDatabase, TestServer
from tests.support.metering import close_period
from tests.support.settlement import (
    Meter,
    Trade,
    TradeMaker,
    bank_statement,
    import_bank_file,
    invoice_for,
    own_account,
    transfer,
)

Damage = Callable[[str], Awaitable[None]]
BOOKS = {
    BreakKind.BANK_BALANCE,
    BreakKind.BANK_ENTRY,
    BreakKind.CLEARING,
    BreakKind.INVOICE_POSTING,
    BreakKind.RECEIVABLE,
    BreakKind.TRIAL_BALANCE,
}

FORGED_STOP = """INSERT INTO stops
    SELECT gen_random_uuid(), 'product', id, '', operator_id, operator_id, now(), NULL, NULL, NULL, false, now()
      FROM data_products"""
FORGED_SUSPENSION = """INSERT INTO stops
    SELECT gen_random_uuid(), 'organisation', id, '', id, id, now(), NULL, NULL, NULL, false, now()
      FROM organisations"""
FORGED_RULE = """INSERT INTO rulebook_parameters
    SELECT gen_random_uuid(), 'x', 1, '1', now(), 'x', 'house', id, now() FROM organisations LIMIT 1"""


@pytest.fixture
async def database(test_server: TestServer) -> AsyncIterator[TestDatabase]:
    """Books of its own: what others left unexplained is no break here."""
    async with test_server.copy() as made:
        yield made


@pytest.fixture
async def sessions(database: TestDatabase) -> AsyncIterator[SessionMaker]:
    engine = create_engine(database.service_url)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture(autouse=True)
async def own(sessions: SessionMaker) -> UUID:
    """The account that invoices name."""
    async with transaction(sessions) as session:
        return await own_account(session, "OWN-1", for_invoices=True)


@pytest.fixture
async def damage(database: TestDatabase) -> AsyncIterator[Damage]:
    """Changes what the database protects, as only its owner can, with the triggers off."""
    connection = await asyncpg.connect(database.owner_url)

    async def change(statement: str) -> None:
        table = statement.split()[{"UPDATE": 1}.get(statement.split()[0], 2)]
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await connection.execute(statement)
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    yield change
    await connection.close()


async def found(sessions: SessionMaker) -> list[tuple[BreakKind, int]]:
    async with transaction(sessions) as session:
        run = await service.reconcile(session, sessions, SYSTEM)
        assert run.reconciliation.clean == (not run.breaks)
        return [(item.kind, item.difference) for item in run.breaks]


async def settled_trade(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, account: str = "ACC-1"
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30, rows=2)
    invoice = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        await import_bank_file(session, trade.finance, bank_statement(transfer(invoice), account=account))


async def test_a_settled_trade_is_clean_and_the_run_is_kept(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    await settled_trade(sessions, trade_of, meter)
    await meter((await trade_of()).licence_id, calls=5)  # use that is not invoiced yet is no break
    async with transaction(sessions) as session:
        run = await service.reconcile(session, sessions, SYSTEM)
    assert run.reconciliation.clean
    assert run.reconciliation.checked == {
        "statements": 1, "statement_lines": 1, "statement_lines_matched": 1, "invoices": 1, "invoices_open": 0,
        "payments": 1, "refunds": 0, "card_payments": 0, "journals": 3, "postings": 8, "accounts": 6,
    }  # fmt: skip
    async with transaction(sessions) as session:
        kept = await service.get_run(session, run.reconciliation.id)
        assert kept.reconciliation.checked == run.reconciliation.checked
    async with sessions() as session:
        with pytest.raises(DBAPIError):
            await session.execute(sa.text("UPDATE reconciliations SET clean = true"))


async def test_an_open_invoice_is_no_break_until_it_is_overdue(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, damage: Damage
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30)
    await invoice_for(sessions, trade)
    assert await found(sessions) == []
    await damage(
        "UPDATE invoices SET due_at = now() - interval '40 days', issued_at = now() - interval '70 days'"
    )
    async with transaction(sessions) as session:
        (item,) = (await service.reconcile(session, sessions, SYSTEM)).breaks
    assert (item.kind, item.difference, item.owner_id) == (
        BreakKind.INVOICE_OVERDUE,
        -100,
        trade.buyer.organisation_id,
    )
    assert (datetime.now(UTC) - item.since).days == 40
    async with transaction(sessions) as session:
        names = await identity.party_names(session, [trade.buyer.organisation_id])
    shown = BreakRead.of(item, datetime.now(UTC), names)
    assert (shown.age_days, shown.owner_name) == (40, names[trade.buyer.organisation_id])
    assert shown.remedy.en == "Remind the buyer."


async def test_an_open_invoice_that_nobody_can_pay_to_is_a_break_until_an_account_is_confirmed(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, own: UUID
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30)
    async with transaction(sessions) as session:
        await bank_accounts.close(session, trade.finance, own, "Moved to another bank")
    invoice = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        (item,) = (await service.reconcile(session, sessions, SYSTEM)).breaks
    assert (item.kind, item.subject, item.difference) == (
        BreakKind.INVOICE_ACCOUNT,
        invoice.document_number,
        100,
    )
    remedy = BreakRead.of(item, datetime.now(UTC), {}).remedy.en
    assert remedy.startswith("Register a bank account in the currency")
    async with transaction(sessions) as session:
        await own_account(session, "OWN-2", for_invoices=True)
    assert await found(sessions) == []


async def test_unexplained_money_is_a_break_in_either_direction(
    sessions: SessionMaker, trade_of: TradeMaker
) -> None:
    trade = await trade_of()
    receipts = [Receipt(Money(500, "CNY"), "gift", "p", "b1"), Receipt(Money(-300, "CNY"), "fee", "p", "b2")]
    async with transaction(sessions) as session:
        await import_bank_file(session, trade.finance, bank_statement(*receipts, account="ACC-1"))
    assert await found(sessions) == [(BreakKind.SUSPENSE, 500), (BreakKind.SUSPENSE, -300)]


async def test_a_statement_that_does_not_go_on_from_the_one_before_is_a_gap(
    sessions: SessionMaker, trade_of: TradeMaker, damage: Damage
) -> None:
    """As it was left by versions that took such a statement."""
    trade = await trade_of()
    for name in ("S-1", "S-2", "S-4"):
        async with transaction(sessions) as session:
            document = bank_statement(account="ACC-1", statement_id=name)
            await import_bank_file(session, trade.finance, document)
    assert await found(sessions) == []
    await damage(
        "UPDATE bank_statements SET opening_minor = 700, closing_minor = 700 WHERE statement_id = 'S-4'"
    )
    assert await found(sessions) == [(BreakKind.STATEMENT_GAP, 700)]


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        ("UPDATE invoices SET total_minor = total_minor + 1",
            {BreakKind.INVOICE_LINES, BreakKind.INVOICE_POSTING, BreakKind.INVOICE_CONTENT}),
        ("UPDATE invoice_lines SET amount_minor = amount_minor + 5 WHERE metric = 'calls'",
            {BreakKind.INVOICE_LINES, BreakKind.INVOICE_CONTENT}),
        ("UPDATE invoice_lines SET quantity = quantity + 1 WHERE metric = 'rows'",
            {BreakKind.USAGE, BreakKind.INVOICE_CONTENT}),
        ("UPDATE usage_periods SET units_1 = units_1 + 1", {BreakKind.USAGE, BreakKind.COUNTER}),
        ("UPDATE licence_counters SET used_1 = used_1 - 1", {BreakKind.COUNTER}),
        ("UPDATE licence_counters SET used_2 = used_2 + 1", {BreakKind.COUNTER}),
        ("UPDATE licence_counters SET used_1 = used_1 + 2, period_1 = period_1 + 2", {BreakKind.USAGE}),
        ("UPDATE licence_counters SET period_no = period_no + 1", {BreakKind.COUNTER}),
        ("UPDATE licence_counters SET period_opened_at = period_opened_at + interval '1 second'", {BreakKind.COUNTER}),
        ("UPDATE licence_counters SET period_ends_at = now() + interval '50 days'", {BreakKind.COUNTER}),
        ("UPDATE licence_counters SET period_ends_at = NULL", {BreakKind.COUNTER}),
        ("UPDATE licence_counters SET period_ends_at = now() - interval '21 minutes'",
            {BreakKind.COUNTER, BreakKind.PERIOD_NOT_BILLED}),
        ("UPDATE licence_counters SET quota_1 = 1000000", {BreakKind.LICENCE_TERMS}),
        ("UPDATE licence_counters SET links = '{}'", {BreakKind.LICENCE_TERMS}),
        ("UPDATE licence_counters SET links = links[2:]", {BreakKind.LICENCE_TERMS}),
        ("UPDATE licence_counters SET valid_until = 'infinity'", {BreakKind.LICENCE_TERMS}),
        ("DELETE FROM licence_counters", {BreakKind.LICENCE_TERMS, BreakKind.COUNTER}),
        ("UPDATE licences SET columns = '{a,b}'", {BreakKind.LICENCE_TERMS}),
        ("UPDATE licences SET quota_2 = 7", {BreakKind.LICENCE_TERMS}),
        ("UPDATE agreements SET document = document || '{\"purpose_statement\": \"other\"}'", {BreakKind.AGREEMENT}),
        ("DELETE FROM agreement_signatures", {BreakKind.AGREEMENT}),
        ("UPDATE agreements SET status = 'terminated', terminated_at = now()", {BreakKind.STOP}),
        ("UPDATE authorisations SET status = 'revoked', ended_at = now()", {BreakKind.STOP}),
        (FORGED_STOP, {BreakKind.STOP}),
        ("UPDATE data_products SET status = 'published', published_at = now()", {BreakKind.PRODUCT}),
        ("DELETE FROM audit_entries WHERE action = 'organisation.verified'", {BreakKind.ORGANISATION}),
        ("UPDATE organisations SET status = 'suspended' WHERE kind = 'buyer'", {BreakKind.ORGANISATION}),
        (FORGED_SUSPENSION, {BreakKind.ORGANISATION, BreakKind.STOP}),
        ("UPDATE audit_entries SET detail = '{\"a\": 1}' WHERE action = 'invoice.issued'", {BreakKind.AUDIT_LOG}),
        (FORGED_RULE, {BreakKind.RULE}),
        ("INSERT INTO licence_tokens SELECT id, gen_random_uuid(), buyer_id, now(), now(), buyer_id FROM licences",
            {BreakKind.LICENCE_TOKEN}),
        ("UPDATE invoices SET due_at = due_at + interval '1 year'", {BreakKind.INVOICE_CONTENT}),
        ("UPDATE payments SET amount_minor = amount_minor - 1", {BreakKind.INVOICE_POSTING}),
        ("INSERT INTO payment_reversals SELECT id, payment_journal_id, 'x', id, now() FROM payments",
            {BreakKind.INVOICE_POSTING}),
        ("UPDATE invoices SET status = 'issued'", {BreakKind.CLEARING, BreakKind.INVOICE_POSTING}),
        ("UPDATE invoices SET status = 'issued', paid_minor = 0",
            {BreakKind.CLEARING, BreakKind.RECEIVABLE, BreakKind.INVOICE_POSTING}),
        ("UPDATE bank_entries SET amount_minor = amount_minor - 1", {BreakKind.BANK_ENTRY}),
        ("UPDATE bank_statements SET closing_minor = closing_minor + 9", {BreakKind.BANK_BALANCE}),
        ("DELETE FROM bank_match_parts", {BreakKind.BANK_ENTRY}),
        ("UPDATE bank_match_parts SET amount_minor = amount_minor - 1", {BreakKind.BANK_ENTRY}),
        ("UPDATE bank_match_parts SET kind = 'suspense'", {BreakKind.SUSPENSE}),
        ("UPDATE bank_matches SET journal_id = gen_random_uuid()", {BreakKind.BANK_ENTRY}),
        ("UPDATE ledger_postings SET amount = amount + 1 WHERE amount > 0",
            BOOKS),
    ],
)  # fmt: skip
async def test_tampering_is_found(
    sessions: SessionMaker,
    trade_of: TradeMaker,
    meter: Meter,
    damage: Damage,
    tampering: str,
    expected: set[BreakKind],
) -> None:
    await settled_trade(sessions, trade_of, meter)
    await damage(tampering)
    assert {kind for kind, _ in await found(sessions)} == expected


async def test_a_period_that_was_cut_and_stays_unbilled_is_a_break_until_it_is_closed_again(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, damage: Damage
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=20)
    async with transaction(sessions) as session:
        await close_period(session, trade.licence_id, 1)
    assert await found(sessions) == [], "its close may still be at it, and the worker bills it next"
    await damage(
        "UPDATE usage_periods SET opened_at = opened_at - interval '1 hour', closed_at = now() - interval '21 minutes'"
    )
    await damage("UPDATE licence_counters SET period_opened_at = (SELECT closed_at FROM usage_periods)")
    async with transaction(sessions) as session:
        (item,) = (await service.reconcile(session, sessions, SYSTEM)).breaks
    assert (item.kind, item.subject) == (BreakKind.PERIOD_NOT_BILLED, f"{trade.agreement_id}/1")
    remedy = BreakRead.of(item, datetime.now(UTC), {}).remedy.en
    assert remedy.startswith("Close a period of the agreement again")
    invoice = await invoice_for(sessions, trade)
    assert (invoice.period_no, invoice.total_minor) == (1, 50)
    assert await found(sessions) == []


async def test_what_the_night_finds_is_kept_told_and_counted(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, damage: Damage, tmp_path: Path
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    context = JobContext(settings, sessions, LocalStore(settings.objects_dir), KeyRing.load(tmp_path))
    await settled_trade(sessions, trade_of, meter)
    await jobs.reconcile(context, {})
    async with transaction(sessions) as session:
        assert set((await jobs.breaks(session)).values()) == {0}
    await damage("UPDATE licence_counters SET links = '{}', used_1 = used_1 - 1")
    await jobs.reconcile(context, {})
    async with transaction(sessions) as session:
        counted = {kind: count for kind, count in (await jobs.breaks(session)).items() if count}
        assert counted == {"counter": 1, "licence_terms": 1}
        runs, _ = await service.list_runs(session, PageRequest(limit=10, after=None))
        assert [(run.clean, run.run_by) for run in runs] == [(False, SYSTEM.id), (True, SYSTEM.id)]
        told = (
            await session.execute(
                sa.text("SELECT kind, payload FROM events WHERE subject_id = :id"), {"id": runs[0].id}
            )
        ).one()
    assert told.kind == "reconciliation.completed"
    assert told.payload == {"clean": False, "breaks": 2, "kinds": ["counter", "licence_terms"]}


async def test_comparing_stops_nobody(sessions: SessionMaker, trade_of: TradeMaker, meter: Meter) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=20)
    async with transaction(sessions) as looking:
        await service.reconcile(looking, sessions, SYSTEM)
        # Not committed yet: calls, closes and payments go on.
        async with asyncio.timeout(5):
            await meter(trade.licence_id, calls=1)
            invoice = await invoice_for(sessions, trade)
            async with transaction(sessions) as session:
                await import_bank_file(
                    session, trade.finance, bank_statement(transfer(invoice), account="ACC-1")
                )


async def test_every_check_sees_the_same_moment(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=20)
    seen: list[int] = []

    async def look_and_trade_on(reading: AsyncSession, _: datetime) -> list[Break]:
        seen.append((await reading.execute(sa.text("SELECT count(*) FROM invoices"))).scalar_one())
        if len(seen) == 1:
            await invoice_for(sessions, trade)
        return []

    monkeypatch.setattr(
        service,
        "CHECKS",
        {BreakKind.CLEARING: look_and_trade_on, BreakKind.RECEIVABLE: look_and_trade_on},
    )
    async with transaction(sessions) as session:
        run = await service.reconcile(session, sessions, SYSTEM)
    assert seen == [0, 0]
    assert run.reconciliation.checked["invoices"] == 0
    async with snapshot(sessions) as session:
        with pytest.raises(DBAPIError, match="read-only"):
            await session.execute(sa.text("DELETE FROM webhook_endpoints"))


async def test_one_moment_is_compared_while_periods_are_closed_and_invoices_paid(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trades = [await trade_of() for _ in range(3)]
    runs: list[list[tuple[BreakKind, int]]] = []
    metering = asyncio.Lock()

    async def trade_on(trade: Trade, account: str) -> None:
        opening = 0
        for number in range(6):
            async with metering:
                await meter(trade.licence_id, calls=20 + number)
            invoice = await invoice_for(sessions, trade)
            statement = bank_statement(
                transfer(invoice), account=account, statement_id=f"{account}-{number}", opening=opening
            )
            async with transaction(sessions) as session:
                await import_bank_file(session, trade.finance, statement)
            opening += invoice.total_minor

    trading = asyncio.gather(*(trade_on(trade, f"ACC-{place}") for place, trade in enumerate(trades)))
    while not trading.done():
        runs.append(await found(sessions))
    await trading
    assert len(runs) >= 3
    assert [run for run in runs if run] == []
    assert await found(sessions) == []
