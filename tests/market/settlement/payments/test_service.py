"""Paying invoices and giving payments back: all or nothing, each once, and again only after a failure."""

import pytest
import sqlalchemy as sa

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, SessionMaker, new_id, now, transaction
from market.settlement.invoices import service as invoices
from market.settlement.invoices.errors import InvoiceNotPayable
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import chart
from market.settlement.ledger import service as ledger
from market.settlement.payments import refund_requests, refunds, service
from market.settlement.payments.errors import InvoiceNotRefundable, RefundStateForbids
from market.settlement.payments.service import InvoicePayment
from market.settlement.payments.states import Rail, RefundStatus
from market.settlement.payments.tables import Refund
from market.settlement.rails.cards.states import CardPaymentStatus
from market.settlement.rails.cards.tables import CardPayment
from pricing.money import Money
from tests.support.settlement import Meter, TradeMaker, invoice_for

CARD = chart.card("CNY")


async def by_card(session: AsyncSession, invoice: Invoice) -> InvoicePayment:
    locked = await invoices.lock_invoice(session, invoice.id)
    moment = await now(session)
    charged = CardPayment(
        invoice_id=invoice.id,
        amount_minor=invoice.total_minor,
        currency=invoice.currency,
        payment_method="pm_card",
        status=CardPaymentStatus.REQUESTED,
        requested_by=new_id(),
        requested_at=moment,
    )
    session.add(charged)
    await session.flush()
    charged.status, charged.completed_at = CardPaymentStatus.SUCCEEDED, moment
    await session.flush()
    return InvoicePayment(locked, Rail.CARD, charged.id, CARD, invoice.total, moment)


async def request_refund(session: AsyncSession, finance: Actor, invoice: Invoice) -> Refund:
    refund = await refund_requests.request_card_refund(session, finance, invoice, "by mistake")
    refund.processor_id = f"re_{refund.id}"
    return refund


async def test_of_a_batch_all_are_paid_or_none(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of()
    bills = []
    for _ in range(2):
        await meter(trade.licence_id, calls=30)
        bills.append(await invoice_for(sessions, trade))
    first, second = bills
    async with transaction(sessions) as session:
        await service.pay_invoices(session, SYSTEM, [await by_card(session, second)])
    async with sessions() as session:
        received = [await by_card(session, bill) for bill in bills]
        with pytest.raises(InvoiceNotPayable):
            await service.pay_invoices(session, SYSTEM, received)
        await session.rollback()
    async with transaction(sessions) as session:
        still = await invoices.access_invoice(session, trade.buyer, first.id)
        assert (still.status, still.paid_at) == (InvoiceStatus.ISSUED, None)
        owed = await ledger.balance(session, chart.receivable(trade.buyer.organisation_id, "CNY"))
        assert owed == Money(first.total_minor, "CNY")


async def test_a_refund_is_completed_once_and_a_failed_one_asked_for_again(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30)
    bill = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        await service.pay_invoices(session, SYSTEM, [await by_card(session, bill)])
        invoice = await invoices.lock_invoice(session, bill.id)
        refused = await refund_requests.request_card_refund(session, trade.finance, invoice, "by mistake")
        with pytest.raises(InvoiceNotRefundable):
            await refund_requests.request_card_refund(session, trade.finance, invoice, "again")
        await refunds.fail_refund(session, refused, "card expired")
        assert (refused.status, refused.failure) == (RefundStatus.FAILED, "card expired")
        assert refused.completed_at is not None
        assert invoice.status is InvoiceStatus.PAID
        with pytest.raises(RefundStateForbids):
            await refunds.complete_refund(session, SYSTEM, invoice, refused, CARD)
        refund = await request_refund(session, trade.finance, invoice)
        await refunds.complete_refund(session, SYSTEM, invoice, refund, CARD)
        assert (refund.status, invoice.status) == (RefundStatus.SUCCEEDED, InvoiceStatus.REFUNDED)
        for again in (
            refunds.complete_refund(session, SYSTEM, invoice, refund, CARD),
            refunds.fail_refund(session, refund, "late"),
        ):
            with pytest.raises(RefundStateForbids):
                await again
        with pytest.raises(InvoiceNotRefundable):
            await refund_requests.request_card_refund(session, trade.finance, invoice, "a second time")
        assert [item.id for item in await refunds.list_refunds(session, invoice)] == [refund.id, refused.id]


async def test_those_concerned_are_told_of_the_invoice_its_payment_and_its_refund(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30)
    bill = await invoice_for(sessions, trade)
    async with transaction(sessions) as session:
        await service.pay_invoices(session, SYSTEM, [await by_card(session, bill)])
        invoice = await invoices.lock_invoice(session, bill.id)
        refund = await request_refund(session, trade.finance, invoice)
        await refunds.complete_refund(session, SYSTEM, invoice, refund, CARD)
    async with sessions() as session:
        rows = await session.execute(
            sa.text(
                "SELECT kind, organisations, payload FROM events WHERE subject_id = :id ORDER BY sequence"
            ),
            {"id": bill.id},
        )
        told = rows.all()
    assert [(event.kind, event.payload["status"]) for event in told] == [
        ("invoice.issued", "issued"),
        ("invoice.paid", "paid"),
        ("invoice.refunded", "refunded"),
    ]
    for event in told:
        assert set(event.organisations) == {bill.buyer_id, bill.operator_id, bill.owner_id}
        assert (event.payload["amount"], event.payload["currency"]) == (str(bill.total.decimal()), "CNY")
