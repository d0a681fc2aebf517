"""Importing statements: exact matches pay, everything else is a break, nothing is imported twice."""

import asyncio
from uuid import uuid4

import pytest

from infra.db import SessionMaker, new_id, transaction
from market.demo.bank import Receipt
from market.settlement.invoices import repository as invoices
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.ledger import chart
from market.settlement.ledger import service as ledger
from market.settlement.rails.bank.errors import StatementConflict, StatementRefused
from market.settlement.rails.bank.statements import service
from market.settlement.rails.bank.states import BankEntryStatus
from pricing.money import Money
from tests.support.settlement import (
    Meter,
    Trade,
    TradeMaker,
    bank_statement,
    import_bank_file,
    invoice_for,
    transfer,
)


def fen(minor: int) -> Money:
    return Money(minor, "CNY")


async def balances(sessions: SessionMaker, trade: Trade, account: str) -> dict[str, int]:
    named = {
        "bank": chart.bank(account, "CNY"),
        "receivable": chart.receivable(trade.buyer.organisation_id, "CNY"),
        "clearing": chart.clearing(trade.agreement_id, "CNY"),
        "owner": chart.payable(trade.owner.organisation_id, "CNY"),
        "operator": chart.payable(trade.operator.organisation_id, "CNY"),
    }
    async with transaction(sessions) as session:
        return {name: (await ledger.balance(session, item)).minor for name, item in named.items()}


async def test_a_transfer_pays_and_splits_to_the_last_fen(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, account = await trade_of(shares={"owner": 3333, "operator": 3333, "platform": 3334}), uuid4().hex
    await meter(trade.licence_id, calls=30)
    invoice = await invoice_for(sessions, trade)
    assert invoice.total_minor == 100
    async with transaction(sessions) as session:
        before = await ledger.balance(session, chart.commission("CNY"))
        document = bank_statement(transfer(invoice), account=account)
        (imported,) = await import_bank_file(session, trade.finance, document)
        (seen,) = (await service.entries_of(session, [imported.statement]))[imported.statement.id]
        assert (imported.created, seen.match.status) == (True, BankEntryStatus.PAID)
        assert [(part.target_id, part.amount) for part in seen.parts] == [(invoice.id, 100)]
        assert seen.entry.amount_minor == 100
        assert await ledger.balance(session, chart.commission("CNY")) - before == fen(34)
    assert await balances(sessions, trade, account) == {
        "bank": 100, "receivable": 0, "clearing": 0, "owner": 33, "operator": 33,
    }  # fmt: skip


async def test_the_same_statement_twice_is_a_no_op_and_other_content_a_conflict(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, account = await trade_of(), uuid4().hex
    await meter(trade.licence_id, calls=30)
    invoice = await invoice_for(sessions, trade)
    paid = transfer(invoice)
    document = bank_statement(paid, account=account)
    reformatted = document.replace(b"<Ntry>", b"\n  <Ntry>")
    outcomes = []
    for file in (document, document, reformatted):
        async with transaction(sessions) as session:
            (imported,) = await import_bank_file(session, trade.finance, file)
            outcomes.append(imported.created)
    assert outcomes == [True, False, False]
    assert (await balances(sessions, trade, account))["bank"] == 100
    async with transaction(sessions) as session:
        with pytest.raises(StatementConflict):
            await import_bank_file(session, trade.finance, bank_statement(paid, paid, account=account))
    async with transaction(sessions) as session:  # another account's bank may count the same way
        other = bank_statement(account=uuid4().hex)
        assert (await import_bank_file(session, trade.finance, other))[0].created


async def test_many_imports_at_once_book_once(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, account = await trade_of(), uuid4().hex
    await meter(trade.licence_id, calls=30)
    document = bank_statement(transfer(await invoice_for(sessions, trade)), account=account)

    async def load() -> bool:
        async with transaction(sessions) as session:
            return (await import_bank_file(session, trade.finance, document))[0].created

    assert sorted(await asyncio.gather(*(load() for _ in range(6)))) == [False] * 5 + [True]
    assert (await balances(sessions, trade, account))["bank"] == 100


async def test_whatever_does_not_match_exactly_goes_to_suspense(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, account = await trade_of(), uuid4().hex
    await meter(trade.licence_id, calls=30)
    first = await invoice_for(sessions, trade)
    await meter(trade.licence_id, calls=30)
    second = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        before = await ledger.balance(session, chart.suspense("CNY"))
    receipts = [
        transfer(first, minor=99),
        transfer(first, minor=101),
        transfer(first, note="no reference at all"),
        transfer(first, note=f"{first.payment_reference} and {second.payment_reference}", minor=200),
        transfer(second),
        transfer(second),  # twice
        Receipt(fen(-40), "fee", "the bank", "B-fee"),
    ]
    async with transaction(sessions) as session:
        document = bank_statement(*receipts, account=account)
        (imported,) = await import_bank_file(session, trade.finance, document)
        found = (await service.entries_of(session, [imported.statement]))[imported.statement.id]
        reasons = [(item.match.status.value, item.match.reason) for item in found]
        after = await ledger.balance(session, chart.suspense("CNY"))
    n1, n2 = first.document_number, second.document_number
    assert reasons == [
        ("suspense", f"0.99 CNY for invoice {n1}, which comes to 1.00 CNY"),
        ("suspense", f"1.01 CNY for invoice {n1}, which comes to 1.00 CNY"),
        ("suspense", "no payment reference of an invoice"),
        ("suspense", f"names several invoices: {n1}, {n2}"),
        ("paid", f"pays invoice {n2}"),
        ("suspense", f"invoice {n2} is paid already"),
        ("suspense", "money went out, which no payout explains"),
    ]
    assert (after - before).minor == 99 + 101 + 100 + 200 + 100 - 40
    booked = await balances(sessions, trade, account)
    assert booked["bank"] == sum(receipt.amount.minor for receipt in receipts)
    assert (booked["receivable"], booked["clearing"]) == (100, 100)
    async with transaction(sessions) as session:
        still = await invoices.get(session, first.id)
        assert still is not None
        assert still.status is InvoiceStatus.ISSUED


async def test_another_currency_pays_nothing(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, account = await trade_of(), uuid4().hex
    await meter(trade.licence_id, calls=30)
    invoice = await invoice_for(sessions, trade)
    dollars = Receipt(Money(100, "USD"), invoice.payment_reference, "p", "b")
    async with transaction(sessions) as session:
        document = bank_statement(dollars, account=account, currency="USD")
        (imported,) = await import_bank_file(session, trade.finance, document)
        (seen,) = (await service.entries_of(session, [imported.statement]))[imported.statement.id]
    assert seen.match.reason.startswith("1.00 USD for invoice")


async def test_a_lying_statement_leaves_nothing_behind(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, account = await trade_of(), uuid4().hex
    await meter(trade.licence_id, calls=30)
    honest = bank_statement(transfer(await invoice_for(sessions, trade)), account=account)
    lying = honest.replace(b">1.00</Amt>", b">1.01</Amt>", 1)
    async with sessions() as session:
        with pytest.raises(StatementRefused, match=r"but the closing balance is 1\.01 CNY"):
            await import_bank_file(session, trade.finance, lying)
        await session.rollback()
    assert (await balances(sessions, trade, account))["bank"] == 0
    async with transaction(sessions) as session:
        assert (await import_bank_file(session, trade.finance, honest))[0].created


async def test_a_long_statement_is_imported_whole(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade, account = await trade_of(), new_id().hex
    strangers = [Receipt(fen(7), f"unknown {n}", "p", f"b{n}") for n in range(6000)]
    async with transaction(sessions) as session:
        document = bank_statement(*strangers, account=account)
        (imported,) = await import_bank_file(session, trade.finance, document)
        assert imported.statement.closing_minor == 42_000
    assert (await balances(sessions, trade, account))["bank"] == 42_000
