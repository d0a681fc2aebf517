"""Closing periods on the real database: one invoice each, numbered without gaps, traced to metered use."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlalchemy.exc import DBAPIError

from contracts.licences.counters import LicenceCounter
from infra.auth import OrganisationKind
from infra.db import SessionMaker, create_engine, create_sessions, new_id, transaction
from infra.digest import json_digest
from infra.errors import NotFound
from infra.paging import PageRequest
from market.metering.admission_sql import admit
from market.metering.domain import Outcome
from market.metering.tables import UsagePeriod
from market.settlement.invoices import billing, jobs, repository, service
from market.settlement.invoices.errors import PeriodNotOpen, PeriodNotOver
from market.settlement.invoices.issuing import invoice_document
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.ledger import chart
from market.settlement.ledger import service as ledger
from pricing.money import Money
from pricing.regulated.purposes import PurposeClass
from tests.support.application import job_context
from tests.support.database import TestDatabase, execute
from tests.support.metering import call_for, end_month
from tests.support.metering import close_period as metered_close
from tests.support.settlement import Meter, Trade, TradeMaker, a_member, invoice_for


@pytest.fixture
async def apart(database: TestDatabase) -> AsyncIterator[SessionMaker]:
    """Connections of their own, as the application keeps them for cuts."""
    engine = create_engine(database.service_url, pool_size=2, max_overflow=0)
    yield create_sessions(engine)
    await engine.dispose()


async def test_use_becomes_an_invoice_that_traces_to_it(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=25, rows=40)
    invoice = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        lines = await service.lines_of(session, invoice)
        for line in lines:
            metered = await session.get(UsagePeriod, (line.licence_id, line.usage_period_no))
            assert metered is not None
            assert line.quantity == metered.units[line.metric]
        assert [(line.metric, line.quantity, line.amount_minor) for line in lines] == [
            ("calls", 25, 75),
            ("rows", 1000, 100),
        ]
        assert invoice.total_minor == 175 == sum(line.amount_minor for line in lines)
        assert invoice.due_at - invoice.issued_at == timedelta(days=30)
        assert invoice.status is InvoiceStatus.ISSUED
        assert {rule["key"] for rule in invoice.rules} >= {"settlement.payment_term_days", "pricing.rounding"}
        fresh = await repository.get(session, invoice.id)
        assert fresh is not None
        assert json_digest(invoice_document(fresh, lines)) == fresh.digest
        owed = chart.receivable(trade.buyer.organisation_id, "CNY")
        assert await ledger.balance(session, owed) == Money(175, "CNY")
        waiting = chart.clearing(trade.agreement_id, "CNY")
        assert await ledger.balance(session, waiting) == Money(175, "CNY")


async def test_closing_again_changes_nothing(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=20)
    invoice = await invoice_for(sessions, trade)
    await meter(trade.licence_id, calls=20)
    async with transaction(sessions) as session:
        again = await billing.close_period(session, sessions, trade.finance, trade.agreement_id, 1)
        assert again.invoice is not None
        assert again.invoice.id == invoice.id
        with pytest.raises(PeriodNotOver):
            await billing.close_period(session, sessions, trade.finance, trade.agreement_id, 2)
        with pytest.raises(PeriodNotOpen):
            await billing.close_period(session, sessions, trade.finance, trade.agreement_id, 3)
        counter = await session.get(LicenceCounter, trade.licence_id)
        assert counter is not None
        assert (counter.period_no, counter.period_1) == (2, 20)


async def test_many_closes_at_once_make_one_invoice(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30)
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)

    async def close() -> object:
        async with transaction(sessions) as session:
            closed = await billing.close_period(session, sessions, trade.finance, trade.agreement_id)
            assert closed.invoice is not None
            return closed.invoice.id

    assert len(set(await asyncio.gather(*(close() for _ in range(8))))) == 1
    async with transaction(sessions) as session:
        page = PageRequest(limit=10, after=None)
        found, _ = await service.list_invoices(session, trade.buyer, page)
        assert len(found) == 1


async def test_numbers_of_an_operator_have_no_gaps_under_concurrency(
    sessions: SessionMaker, apart: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    async with transaction(sessions) as session:
        operator = await a_member(session, OrganisationKind.OPERATOR)
    trades = [await trade_of(operator=operator) for _ in range(9)]
    for trade in trades:
        await meter(trade.licence_id, calls=11)
        async with transaction(sessions) as session:
            await end_month(session, trade.licence_id)

    async def close(place: int) -> None:
        async with sessions() as session, session.begin() as begun:
            await billing.close_period(session, apart, trades[place].finance, trades[place].agreement_id)
            if place % 3 == 0:
                await begun.rollback()  # as a crash would

    await asyncio.gather(*(close(place) for place in range(9)))
    for place in (0, 3, 6):
        await invoice_for(sessions, trades[place])
    async with transaction(sessions) as session:
        found, _ = await service.list_invoices(session, operator, PageRequest(limit=50, after=None))
    assert sorted(invoice.number for invoice in found) == list(range(1, 10))
    assert len({invoice.payment_reference for invoice in found}) == 9


async def test_nothing_used_makes_no_invoice_and_free_use_one_of_zero(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of()
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
    async with transaction(sessions) as session:
        closed = await billing.close_period(session, sessions, trade.finance, trade.agreement_id)
        assert (closed.close.period_no, closed.invoice) == (1, None)
    await meter(trade.licence_id, calls=10)  # within the allowance
    invoice = await invoice_for(sessions, trade)
    assert (invoice.total_minor, invoice.status, invoice.period_no) == (0, InvoiceStatus.PAID, 2)
    async with transaction(sessions) as session:
        journals, _ = await ledger.list_journals(
            session, PageRequest(limit=5, after=None), source_id=invoice.id
        )
        assert journals == []


async def test_each_purpose_is_charged_by_its_own_rule(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of(purposes=(PurposeClass.INDUSTRY, PurposeClass.PUBLIC_WELFARE))
    await meter(trade.licence_id, calls=12, rows=5)
    await meter(trade.licence_id, calls=100, rows=5, purpose=PurposeClass.PUBLIC_WELFARE)
    invoice = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        lines = await service.lines_of(session, invoice)
    assert [(line.metric, line.quantity, line.amount_minor) for line in lines] == [
        ("calls", 12, 10),
        ("rows", 60, 6),
        ("calls", 100, 0),
        ("rows", 500, 0),
    ]


async def test_an_invoice_once_issued_is_not_rewritten(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, database: TestDatabase
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=20)
    invoice = await invoice_for(sessions, trade)
    for change in ("total_minor = 1", "buyer_id = owner_id", "split = '[]'", "due_at = now()"):
        async with sessions() as session:
            with pytest.raises(DBAPIError, match="permission denied"):
                await session.execute(
                    sa.text(f"UPDATE invoices SET {change} WHERE id = :id"), {"id": invoice.id}
                )
        with pytest.raises(asyncpg.RestrictViolationError, match="only its status"):
            await execute(database.owner_url, f"UPDATE invoices SET {change} WHERE id = '{invoice.id}'")
    async with sessions() as session:
        with pytest.raises(DBAPIError, match=r"permission denied|refused"):
            await session.execute(sa.text("DELETE FROM invoices"))


async def test_only_the_parties_see_an_invoice(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, other = await trade_of(), await trade_of()
    await meter(trade.licence_id, calls=20)
    invoice = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        for party in (trade.buyer, trade.operator, trade.owner, trade.finance):
            assert (await service.access_invoice(session, party, invoice.id)).id == invoice.id
            page = PageRequest(limit=5, after=None)
            found, _ = await service.list_invoices(session, party, page, agreement_id=trade.agreement_id)
            assert [item.id for item in found] == [invoice.id]
        for stranger in (other.buyer, other.operator, other.owner):
            with pytest.raises(NotFound):
                await service.access_invoice(session, stranger, invoice.id)
            found, _ = await service.list_invoices(session, stranger, PageRequest(limit=5, after=None))
            assert found == []
        with pytest.raises(NotFound):
            await billing.close_period(session, sessions, trade.finance, new_id())


async def test_calls_wait_for_the_cut_alone(
    sessions: SessionMaker, apart: SessionMaker, database: TestDatabase, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of(purposes=(PurposeClass.INDUSTRY, PurposeClass.PUBLIC_WELFARE))
    await meter(trade.licence_id, calls=20)
    connection = await asyncpg.connect(database.service_url)
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
    async with transaction(sessions) as session:
        closed = await billing.close_period(session, apart, trade.finance, trade.agreement_id)
        # The bill is not committed yet: neither the licence nor another one waits for it.
        (decision,) = await admit(connection, [call_for(trade.licence_id, purpose="industry")], seconds=2)
        assert (decision.outcome, decision.period_no) == (Outcome.ADMITTED, 2)
    await connection.close()
    assert closed.close.usage[0]["units"] == {"calls": 20, "rows": 0, "bytes": 0}


async def test_a_close_that_waits_for_a_licence_keeps_nobody_else_from_closing(
    sessions: SessionMaker, apart: SessionMaker, database: TestDatabase, trade_of: TradeMaker, meter: Meter
) -> None:
    async with transaction(sessions) as session:
        operator = await a_member(session, OrganisationKind.OPERATOR)
    busy, other = await trade_of(operator=operator), await trade_of(operator=operator)
    for trade in (busy, other):
        await meter(trade.licence_id, calls=20)
        async with transaction(sessions) as session:
            await end_month(session, trade.licence_id)
    owner = await asyncpg.connect(database.owner_url)
    async with owner.transaction():
        await owner.execute(
            "SELECT 1 FROM licence_counters WHERE licence_id = $1 FOR UPDATE", busy.licence_id
        )

        async def close_busy() -> None:
            async with transaction(sessions) as session:
                await billing.close_period(session, apart, busy.finance, busy.agreement_id)

        waiting = asyncio.create_task(close_busy())
        await asyncio.sleep(0.2)
        async with asyncio.timeout(5):
            invoice = await invoice_for(sessions, other)
        assert invoice.number == 1
        assert not waiting.done()
    await waiting
    await owner.close()


async def cut(apart: SessionMaker, trade: Trade, period_no: int) -> None:
    """What a close leaves whose process dies right after its first transaction."""
    async with transaction(apart) as session:
        await metered_close(session, trade.licence_id, period_no)


async def test_a_period_that_was_cut_and_not_billed_is_billed_by_the_next_close_once(
    sessions: SessionMaker, apart: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of(purposes=(PurposeClass.INDUSTRY, PurposeClass.PUBLIC_WELFARE))
    await meter(trade.licence_id, calls=12, rows=5)
    await cut(apart, trade, 1)
    await meter(trade.licence_id, calls=30, purpose=PurposeClass.PUBLIC_WELFARE)
    await meter(trade.licence_id, calls=15)
    async with transaction(sessions) as session:
        first = (await billing.close_period(session, apart, trade.finance, trade.agreement_id)).invoice
    second = await invoice_for(sessions, trade)
    assert first is not None
    async with transaction(sessions) as session:
        billed = [
            [
                (line.usage_period_no, line.metric, line.quantity)
                for line in await service.lines_of(session, invoice)
            ]
            for invoice in (first, second)
        ]
        again = await billing.close_period(session, apart, trade.finance, trade.agreement_id)
        assert again.invoice is not None
        assert again.invoice.id == second.id
    assert (first.period_no, second.period_no) == (1, 2)
    assert first.period_to == second.period_from
    assert billed[0][:2] == [(1, "calls", 12), (1, "rows", 60)]
    assert [entry for entry in billed[1] if entry[2]] == [(2, "calls", 15), (2, "calls", 30)]


async def test_the_worker_bills_what_was_cut_and_not_billed(
    app: Litestar,
    sessions: SessionMaker,
    apart: SessionMaker,
    database: TestDatabase,
    trade_of: TradeMaker,
    meter: Meter,
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=20)
    await cut(apart, trade, 1)
    context = job_context(app, sessions)
    page = PageRequest(limit=5, after=None)
    owner = await asyncpg.connect(database.owner_url)
    async with owner.transaction():
        # Billing waits for no call.
        await owner.execute("SELECT 1 FROM licence_counters FOR UPDATE")
        async with asyncio.timeout(5):
            await jobs.bill_periods(context, {})
    await owner.close()
    await jobs.bill_periods(context, {})
    async with transaction(sessions) as session:
        (invoice,) = (await service.list_invoices(session, trade.buyer, page))[0]
        assert (invoice.period_no, invoice.total_minor) == (1, 50)
        with pytest.raises(PeriodNotOpen):
            await billing.bill_period(session, trade.finance, trade.agreement_id, 2)
        again = await billing.close_period(session, apart, trade.finance, trade.agreement_id, 1)
        assert again.invoice is not None
        assert again.invoice.id == invoice.id
