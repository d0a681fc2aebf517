"""Charge, event, refund through the official library against localstripe, and every way it can die in between."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import SessionMaker, now, transaction
from infra.jobs import JobContext
from market.settlement.invoices import repository as invoices
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import chart
from market.settlement.ledger import service as ledger
from market.settlement.payments.states import RefundStatus
from market.settlement.payments.tables import Refund
from market.settlement.rails.cards import jobs, repository, service, work
from market.settlement.rails.cards.domain import Intent
from market.settlement.rails.cards.processor import Processor
from market.settlement.rails.cards.states import CardPaymentStatus
from market.settlement.rails.cards.tables import CardEvent, CardPayment
from market.settlement.reconciliation.checks import CHECKS
from market.settlement.reconciliation.domain import BreakKind
from pricing.money import Money
from tests.support.database import TestDatabase, execute
from tests.support.settlement import (
    Caller,
    Meter,
    Trade,
    TradeMaker,
    bank_statement,
    fresh_key,
    import_bank_file,
    invoice_for,
    transfer,
)
from tests.support.stripe import Stripe, eventually

# Stripe's library hands its form to httpx in a way that httpx is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
VISA, DECLINED = "pm_card_visa", "pm_card_chargeCustomerFail"


class Desk:
    """A trade with an invoice of 1.00 CNY and everybody who handles it."""

    def __init__(
        self, sessions: SessionMaker, trade: Trade, invoice: Invoice, buyer: httpx.AsyncClient
    ) -> None:
        self.sessions, self.trade, self.invoice, self.buyer = sessions, trade, invoice, buyer

    async def ask(self, method: str = VISA, *, status: int = 202) -> dict[str, Any]:
        path = f"/v1/invoices/{self.invoice.id}/card-payments"
        answer = await self.buyer.post(path, json={"payment_method": method}, headers=fresh_key())
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def state(self) -> InvoiceStatus:
        async with transaction(self.sessions) as session:
            row = await invoices.get(session, self.invoice.id)
            assert row is not None
            return row.status

    async def payment(self, card_payment_id: str) -> CardPayment:
        async with transaction(self.sessions) as session:
            row = await repository.get(session, UUID(card_payment_id))
            assert row is not None
            return row

    async def balances(self) -> dict[str, int]:
        trade = self.trade
        named = {
            "clearing": chart.clearing(trade.agreement_id, "CNY"),
            "owed": chart.receivable(trade.buyer.organisation_id, "CNY"),
            "owner": chart.payable(trade.owner.organisation_id, "CNY"),
            "operator": chart.payable(trade.operator.organisation_id, "CNY"),
        }
        async with transaction(self.sessions) as session:
            return {name: (await ledger.balance(session, item)).minor for name, item in named.items()}


PAID = {"clearing": 0, "owed": 0, "owner": 50, "operator": 40}
REFUNDED = {"clearing": 0, "owed": 0, "owner": 0, "operator": 0}


@pytest.fixture
async def desk(sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller) -> Desk:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30)
    return Desk(sessions, trade, await invoice_for(sessions, trade), await caller(trade.buyer))


async def job(context: JobContext, name: str, subject: object) -> None:
    """Run what was asked for, after looking that it was."""
    async with transaction(context.sessions) as session:
        asked = await session.execute(
            sa.text("SELECT count(*) FROM pgqueuer WHERE entrypoint = :name AND dedupe_key = :key"),
            {"name": name, "key": f"{name}:{subject}"},
        )
        assert asked.scalar_one() == 1, f"nobody asked for {name} of {subject}"
    run = {item.name: item.handler for item in jobs.JOBS}[name]
    await run(context, {"id": str(subject)})


async def charges_of(processor: Processor, card_payment_id: str) -> list[dict[str, Any]]:
    listed = await processor._client.v1.payment_intents.list_async({"limit": 100})
    found = [item.to_dict() async for item in listed.auto_paging_iter()]
    return [item for item in found if item["metadata"].get(work.PAYMENT_NAME) == card_payment_id]


async def test_a_card_pays_an_invoice_once(desk: Desk, context: JobContext, processor: Processor) -> None:
    made = await desk.ask()
    assert (made["status"], made["amount"]["amount"]) == ("requested", "1.00")
    assert (await desk.ask(status=409))["type"].endswith("card-payment-under-way")
    await job(context, "cards.charge", made["id"])
    await jobs.charge(context, {"id": made["id"]})  # a job that runs twice
    assert await desk.state() is InvoiceStatus.PAID
    assert await desk.balances() == PAID
    assert len(await charges_of(processor, made["id"])) == 1
    seen = (await desk.buyer.get(f"/v1/card-payments/{made['id']}")).json()
    assert (seen["status"], seen["client_secret"], seen["failure"]) == ("succeeded", None, None)
    assert (await desk.ask(status=409))["type"].endswith("invoice-not-payable")


async def test_many_who_pay_or_refund_at_once_move_the_money_once(
    desk: Desk, context: JobContext, caller: Caller, processor: Processor
) -> None:
    path = f"/v1/invoices/{desk.invoice.id}/card-payments"
    body = {"payment_method": VISA}
    asked = await asyncio.gather(*(desk.buyer.post(path, json=body, headers=fresh_key()) for _ in range(5)))
    assert sorted(answer.status_code for answer in asked) == [202, 409, 409, 409, 409]
    (made,) = [answer.json() for answer in asked if answer.status_code == 202]
    await job(context, "cards.charge", made["id"])
    assert len(await charges_of(processor, made["id"])) == 1
    assert await desk.balances() == PAID
    finance, path = await caller(desk.trade.finance), f"/v1/invoices/{desk.invoice.id}/refunds"
    reason = {"reason": "ordered by mistake"}
    asked = await asyncio.gather(*(finance.post(path, json=reason, headers=fresh_key()) for _ in range(5)))
    assert sorted(answer.status_code for answer in asked) == [202, 409, 409, 409, 409]
    (refund,) = [answer.json() for answer in asked if answer.status_code == 202]
    await job(context, "cards.refund", refund["id"])
    assert await desk.balances() == REFUNDED


async def test_the_signed_event_arrives_and_is_applied_once(
    desk: Desk, context: JobContext, sessions: SessionMaker
) -> None:
    made = await desk.ask()
    await job(context, "cards.charge", made["id"])
    intent = (await desk.payment(made["id"])).processor_id

    async def events() -> list[CardEvent]:
        async with transaction(sessions) as session:
            return list(
                (await session.exec(select(CardEvent).where(col(CardEvent.object_id) == intent))).all()
            )

    async def arrived() -> bool:
        return len(await events()) == 1

    await eventually(arrived)
    (event,) = await events()
    assert (event.type, event.applied_at) == ("payment_intent.succeeded", None)
    await job(context, "cards.event", event.id)
    await jobs.event(context, {"id": event.id})
    (event,) = await events()
    assert event.outcome == "card payment succeeded"
    assert await desk.balances() == PAID


async def test_died_after_the_charge_the_event_completes_it(
    desk: Desk, context: JobContext, sessions: SessionMaker, processor: Processor
) -> None:
    made = await desk.ask()
    payment = await desk.payment(made["id"])
    async with transaction(sessions) as session:  # what the job had done when it died
        row = await repository.lock(session, payment.id)
        assert row is not None
        row.sent_at = await now(session)
    charged = await work._find_or_charge(processor, payment, sent_before=False)
    assert isinstance(charged, Intent)

    async def arrived() -> bool:
        async with transaction(sessions) as session:
            found = await session.exec(select(CardEvent.id).where(col(CardEvent.object_id) == charged.id))
            return (event := found.one_or_none()) is not None and await finished(event)

    async def finished(event: str) -> bool:
        await jobs.event(context, {"id": event})
        return True

    await eventually(arrived)
    assert await desk.state() is InvoiceStatus.PAID
    await jobs.charge(context, {"id": made["id"]})  # the job's turn comes again
    assert len(await charges_of(processor, made["id"])) == 1
    assert await desk.balances() == PAID


async def test_died_after_the_charge_the_job_asks_before_it_charges_again(
    desk: Desk, context: JobContext, sessions: SessionMaker, processor: Processor
) -> None:
    """localstripe ignores idempotency keys, so what keeps it at one charge is that the job asks first."""
    made = await desk.ask()
    payment = await desk.payment(made["id"])
    async with transaction(sessions) as session:
        row = await repository.lock(session, payment.id)
        assert row is not None
        row.sent_at = await now(session)
    await work._find_or_charge(processor, payment, sent_before=False)
    await job(context, "cards.charge", made["id"])
    assert len(await charges_of(processor, made["id"])) == 1
    assert await desk.balances() == PAID


async def test_job_and_event_at_once_settle_once(
    desk: Desk, context: JobContext, sessions: SessionMaker, processor: Processor
) -> None:
    made = await desk.ask()
    intent = await work._find_or_charge(processor, await desk.payment(made["id"]), sent_before=False)

    async def apply() -> None:
        async with transaction(sessions) as session:
            await service.apply_intent(session, UUID(made["id"]), intent)

    await asyncio.gather(*(apply() for _ in range(6)))
    assert await desk.balances() == PAID


async def test_a_declined_card_can_be_followed_by_a_good_one(desk: Desk, context: JobContext) -> None:
    first = await desk.ask(DECLINED)
    await job(context, "cards.charge", first["id"])
    failed = await desk.payment(first["id"])
    assert (failed.status, failed.failure) == (CardPaymentStatus.FAILED, "Your card was declined.")
    assert await desk.state() is InvoiceStatus.ISSUED
    second = await desk.ask()
    await job(context, "cards.charge", second["id"])
    assert await desk.balances() == PAID


async def test_one_key_is_one_attempt(desk: Desk) -> None:
    path, key = f"/v1/invoices/{desk.invoice.id}/card-payments", fresh_key()
    body = {"payment_method": VISA}
    answers = [(await desk.buyer.post(path, json=body, headers=key)).json() for _ in range(3)]
    assert len({answer["id"] for answer in answers}) == 1
    other = await desk.buyer.post(path, json={"payment_method": DECLINED}, headers=key)
    assert other.status_code == 422


async def test_a_refund_reverses_the_split(
    desk: Desk, context: JobContext, caller: Caller, sessions: SessionMaker
) -> None:
    finance, path = await caller(desk.trade.finance), f"/v1/invoices/{desk.invoice.id}/refunds"
    reason = {"reason": "ordered by mistake"}
    assert (await finance.post(path, json=reason, headers=fresh_key())).status_code == 409  # not paid yet
    paid = await desk.ask()
    await job(context, "cards.charge", paid["id"])
    async with transaction(sessions) as session:
        held = await ledger.balance(session, chart.card("CNY"))
    assert (await desk.buyer.post(path, json=reason, headers=fresh_key())).status_code == 403
    answer = await finance.post(path, json=reason, headers=fresh_key())
    assert (answer.status_code, answer.json()["status"]) == (202, "requested")
    assert (await finance.post(path, json=reason, headers=fresh_key())).status_code == 409
    await job(context, "cards.refund", answer.json()["id"])
    await jobs.refund(context, {"id": answer.json()["id"]})
    assert await desk.state() is InvoiceStatus.REFUNDED
    assert await desk.balances() == REFUNDED
    async with transaction(sessions) as session:
        assert held - await ledger.balance(session, chart.card("CNY")) == Money(100, "CNY")
        assert await CHECKS[BreakKind.CARD_BALANCE](session, await now(session)) == []
    (shown,) = (await desk.buyer.get(path)).json()["items"]
    assert (shown["status"], shown["reason"]) == ("succeeded", "ordered by mistake")


async def test_died_after_the_refund_it_is_not_made_twice(
    desk: Desk, context: JobContext, caller: Caller, sessions: SessionMaker, processor: Processor
) -> None:
    paid = await desk.ask()
    await job(context, "cards.charge", paid["id"])
    finance = await caller(desk.trade.finance)
    path = f"/v1/invoices/{desk.invoice.id}/refunds"
    made = (await finance.post(path, json={"reason": "test"}, headers=fresh_key())).json()
    intent = (await desk.payment(paid["id"])).processor_id
    assert intent is not None
    async with transaction(sessions) as session:
        refund = await session.get(Refund, UUID(made["id"]), with_for_update=True)
        assert refund is not None
        refund.sent_at = await now(session)
    await work._find_or_refund(processor, refund, intent, sent_before=False)
    await job(context, "cards.refund", made["id"])
    assert len(await processor.refunds_of(intent)) == 1
    async with transaction(sessions) as session:
        done = await session.get(Refund, UUID(made["id"]), populate_existing=True)
        assert done is not None
        assert done.status is RefundStatus.SUCCEEDED
    assert await desk.balances() == REFUNDED


async def test_what_a_bank_paid_no_card_gives_back(
    desk: Desk, caller: Caller, sessions: SessionMaker
) -> None:
    async with transaction(sessions) as session:
        document = bank_statement(transfer(desk.invoice), account=desk.invoice.id.hex)
        await import_bank_file(session, desk.trade.finance, document)
    finance = await caller(desk.trade.finance)
    path = f"/v1/invoices/{desk.invoice.id}/refunds"
    answer = await finance.post(path, json={"reason": "test"}, headers=fresh_key())
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:data-market:problem:invoice-not-refundable",
    )
    assert "bank" in answer.json()["remedy"]


async def test_paid_by_bank_while_the_card_was_under_way_is_a_break_until_it_is_given_back(
    desk: Desk, context: JobContext, sessions: SessionMaker, caller: Caller
) -> None:
    made = await desk.ask()
    async with transaction(sessions) as session:
        document = bank_statement(transfer(desk.invoice), account=desk.invoice.id.hex)
        await import_bank_file(session, desk.trade.finance, document)
    await job(context, "cards.charge", made["id"])
    assert await desk.balances() == PAID
    async with transaction(sessions) as session:
        found = await CHECKS[BreakKind.CARD_PAYMENT](session, await now(session))
    assert [item.difference for item in found if item.subject == made["id"]] == [-100]
    finance = await caller(desk.trade.finance)
    path = f"/v1/card-payments/{made['id']}"
    by_bank = await finance.post(
        f"{path}/bank-refunds",
        json={"reason": "paid twice", "payee": {"name": "Buyer", "account": "1"}},
        headers=fresh_key(),
    )
    assert by_bank.status_code == 409
    assert "back to that card" in by_bank.json()["detail"]
    refund = await finance.post(f"{path}/refunds", json={"reason": "paid twice"}, headers=fresh_key())
    assert refund.status_code == 202, refund.text
    again = await finance.post(f"{path}/refunds", json={"reason": "paid twice"}, headers=fresh_key())
    assert again.json()["type"].endswith("refund-in-progress")
    await job(context, "cards.refund", refund.json()["id"])
    assert await desk.balances() == PAID
    assert (await finance.get(f"/v1/refunds/{refund.json()['id']}")).json()["status"] == "succeeded"
    async with transaction(sessions) as session:
        for kind in (BreakKind.CARD_PAYMENT, BreakKind.CARD_BALANCE, BreakKind.SUSPENSE):
            found = await CHECKS[kind](session, await now(session))
            assert [
                item for item in found if item.subject_kind == "account" or item.subject == made["id"]
            ] == []


def signed(body: bytes, secret: str, *, at: int | None = None) -> dict[str, str]:
    moment = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={digest}", "Content-Type": "application/json"}


async def test_forged_stale_and_replayed_events(client: httpx.AsyncClient, stripe: Stripe) -> None:
    body = json.dumps(
        {"id": "evt_forged", "object": "event", "type": "payment_intent.succeeded",
         "data": {"object": {"id": "pi_none", "object": "payment_intent"}}}
    ).encode()  # fmt: skip
    refused = [
        {},
        {"Stripe-Signature": "nonsense"},
        signed(body, "whsec_wrong"),
        signed(body + b" ", stripe.secret),
        signed(body, stripe.secret, at=int(time.time()) - 3600),
    ]
    for headers in refused:
        answer = await client.post("/v1/stripe/events", content=body, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (
            400,
            "urn:data-market:problem:bad-event-signature",
        )
    nothing = b"\xff not json"
    answer = await client.post("/v1/stripe/events", content=nothing, headers=signed(nothing, stripe.secret))
    assert answer.status_code == 400
    received = []
    for _ in range(3):
        answer = await client.post("/v1/stripe/events", content=body, headers=signed(body, stripe.secret))
        assert answer.status_code == 200
        received.append(answer.json()["received"])
    assert received == [True, False, False]


async def test_events_of_others_concern_nothing_here(
    context: JobContext,
    client: httpx.AsyncClient,
    processor: Processor,
    stripe: Stripe,
    sessions: SessionMaker,
) -> None:
    stranger = await processor.charge(
        key="k", amount=Money(5, "CNY"), payment_method=VISA, metadata={work.PAYMENT_NAME: "not-a-uuid"}
    )
    assert isinstance(stranger, Intent)
    for number, kind in enumerate(("payment_intent.created", "customer.created")):
        name = f"evt_{stranger.id}_{number}"
        body = json.dumps(
            {"id": name, "object": "event", "type": kind, "data": {"object": {"id": stranger.id}}}
        ).encode()
        headers = signed(body, stripe.secret)
        assert (await client.post("/v1/stripe/events", content=body, headers=headers)).status_code == 200
        await job(context, "cards.event", name)
        async with transaction(sessions) as session:
            event = await repository.get_event(session, name)
            assert event is not None
            assert event.outcome == "concerns nothing here"


async def test_the_sweep_asks_again_for_what_is_stuck(
    desk: Desk, context: JobContext, sessions: SessionMaker, database: TestDatabase
) -> None:
    made = await desk.ask()
    earlier = f"requested_at = now() - interval '1 hour' WHERE id = '{UUID(made['id'])}'"
    await execute(database.owner_url, f"UPDATE card_payments SET {earlier}")
    async with transaction(sessions) as session:
        before = await repository.stale(session, work.STALE, 1000)
    assert UUID(made["id"]) in before[0]
    await jobs.sweep(context, {})  # one is waiting already: asking again changes nothing
    await job(context, "cards.charge", made["id"])
    assert await desk.balances() == PAID
