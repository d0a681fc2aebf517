"""Matching anew: what it undoes, what it refuses and what to do then, and that at once only one has its way."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx

from infra.auth import SYSTEM
from infra.db import now, transaction
from market.demo.bank import Receipt
from market.settlement.invoices import service as invoices
from market.settlement.rails.bank.entries import assigning
from market.settlement.rails.cards import service as cards
from market.settlement.rails.cards.domain import Intent
from market.settlement.rails.cards.states import CardPaymentStatus
from market.settlement.rails.cards.tables import CardPayment
from pricing.money import Money
from tests.support.finance import PAYEE, Desk, came_back, other, paid_by, pays, refunds
from tests.support.settlement import fresh_key

ASKED = {"payee": PAYEE, "reason": "Not ours to keep"}


async def status_of(desk: Desk, invoice_id: Any) -> tuple[str, str]:
    seen = await desk.get(f"/v1/invoices/{invoice_id}")
    return seen["status"], seen["open"]["amount"]


async def balance(desk: Desk, code: str) -> str:
    rows = (await desk.get("/v1/ledger/trial-balance"))["rows"]
    return next((row["balance"]["amount"] for row in rows if row["account"]["code"] == code), "0.00")


async def test_what_was_paid_by_itself_is_opened_again_and_paid_by_another_entry(desk: Desk) -> None:
    trade = await desk.trade()
    bill = await desk.bill(trade)
    wrong = await desk.entry(paid_by(bill, minor=100))
    assert await status_of(desk, bill.id) == ("paid", "0.00")
    await desk.match(wrong, reason="Meant for something else")
    assert await status_of(desk, bill.id) == ("issued", "1.00")
    assert await balance(desk, f"clearing:{trade.agreement_id}:CNY") == "1.00"
    assert await balance(desk, f"payable:{trade.owner.organisation_id}:CNY") == "0.00"
    assert await desk.reconcile() == [("suspense", "1.00")]
    await desk.match(wrong, pays(bill), reason="It was right after all")
    assert await status_of(desk, bill.id) == ("paid", "0.00")
    assert await balance(desk, f"payable:{trade.owner.organisation_id}:CNY") == "0.50"
    history = (await desk.get(f"/v1/bank-entries/{wrong['id']}/matches"))["items"]
    assert [item["status"] for item in history] == ["paid", "suspense", "paid"]
    assert await desk.reconcile() == []


async def test_a_part_that_stays_is_not_posted_again(desk: Desk) -> None:
    first, second = await desk.bill(), await desk.bill()
    entry = await desk.entry(paid_by(first, minor=200, note="both"))
    await desk.match(entry, pays(first))
    journals = f"/v1/ledger/journals?source_id={first.id}"
    before = (await desk.get(journals))["items"]
    await desk.match(entry, pays(first), pays(second))
    assert (await desk.get(journals))["items"] == before
    assert await desk.reconcile() == []


async def test_undoing_what_a_refund_gives_back_names_the_way_out(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100))
    refund = await desk.approved(f"/v1/invoices/{bill.id}/bank-refunds")
    refused = await desk.match(entry, status=409)
    assert refused["type"].endswith("refund-in-progress")
    way_out = refused["remedy"].split("POST ")[1].split(".")[0].rstrip(".")
    assert way_out == f"/v1/refunds/{refund['id']}/withdrawal"
    await desk.post(way_out, {"reason": "Paid by somebody else"}, status=200)
    await desk.match(entry)
    assert await status_of(desk, bill.id) == ("issued", "1.00")
    await desk.match(entry, pays(bill))
    assert await desk.reconcile() == []


async def test_a_refund_that_came_back_is_undone_and_asked_for_again(desk: Desk) -> None:
    bill = await desk.bill()
    await desk.entry(paid_by(bill, minor=100))
    sent = await desk.send(await desk.approved(f"/v1/invoices/{bill.id}/bank-refunds"))
    failed = (await desk.get(f"/v1/invoices/{bill.id}/refunds"))["items"][0]["transfer"]["reference"]
    back = await desk.entry(Receipt(Money(100, "CNY"), f"{failed} account closed", "the bank", "B-back"))
    assert back["reason"] == f"names refund {failed}: its transfer may have come back"
    refused = await desk.match(back, came_back(sent), status=409)
    assert "Match that entry anew first" in refused["remedy"]
    assert f"POST /v1/bank-entries/{sent['id']}/matches" in refused["remedy"]
    await desk.match(sent, reason="The bank returned it")
    assert await status_of(desk, bill.id) == ("paid", "0.00")
    await desk.match(back, came_back(sent), reason="The bank returned it")
    assert (await desk.get(f"/v1/bank-entries/{sent['id']}"))["parts"][0]["counter_entry_id"] == back["id"]
    assert await desk.reconcile() == []
    failed, *_ = (await desk.get(f"/v1/invoices/{bill.id}/refunds"))["items"]
    assert (failed["status"], failed["failure"]) == ("failed", "The bank returned it")
    await desk.send(await desk.approved(f"/v1/invoices/{bill.id}/bank-refunds"))
    assert (await status_of(desk, bill.id))[0] == "refunded"
    assert await desk.reconcile() == []


async def test_a_payment_that_was_refunded_is_taken_back_as_the_refusal_says(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100))
    sent = await desk.send(await desk.approved(f"/v1/invoices/{bill.id}/bank-refunds"))
    refused = await desk.match(entry, reason="The bank took it back", status=409)
    assert "the bank entry that paid its refund anew first, with no parts" in refused["remedy"]
    await desk.match(sent, reason="The bank took the payment back")
    await desk.match(entry, reason="The bank took it back")
    assert await status_of(desk, bill.id) == ("issued", "1.00")
    await desk.match(sent, came_back(entry))
    await desk.entry(paid_by(bill, minor=100))
    assert await desk.reconcile() == []


async def test_a_transfer_with_a_fee_pays_its_refund_and_the_fee(desk: Desk) -> None:
    bill = await desk.bill()
    await desk.entry(paid_by(bill, minor=100))
    refund = await desk.approved(f"/v1/invoices/{bill.id}/bank-refunds")
    out = Receipt(Money(-102, "CNY"), refund["transfer"]["reference"], "Test buyer", "B-out")
    sent = await desk.entry(out)
    assert "1.02 CNY for refund" in sent["reason"]
    refused = await desk.match(sent, refunds(refund, "-1.02"), status=409)
    assert "exactly that" in refused["remedy"]
    await desk.match(sent, refunds(refund), other())
    assert (await status_of(desk, bill.id))[0] == "refunded"
    assert await desk.reconcile() == []


async def test_a_rejected_refund_frees_what_was_set_aside(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100, note="?"))
    asked = await desk.post(f"/v1/bank-entries/{entry['id']}/refunds", ASKED)
    held = await desk.match(entry, pays(bill), status=409)
    assert "free once that is withdrawn" in held["remedy"]
    again = await desk.post(f"/v1/bank-entries/{entry['id']}/refunds", ASKED, status=409)
    assert again["type"].endswith("bank-entry-nothing-held")
    reject = f"/v1/refunds/{asked['id']}/rejection"
    mine = await desk.post(reject, {"reason": "It is a payment"}, status=403)
    assert "withdraws it" in mine["remedy"]
    await desk.post(reject, {"reason": "It is a payment"}, status=200, by=desk.second)
    gone = await desk.post(f"/v1/refunds/{asked['id']}/approval", status=409, by=desk.second)
    assert gone["current_status"] == "rejected"
    await desk.match(entry, pays(bill))
    assert await desk.reconcile() == []


async def test_an_entry_that_the_bank_took_back_leaves_the_books(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100))
    before = await balance(desk, f"bank:{desk.account.number}:CNY")
    async with transaction(desk.sessions) as session:
        await assigning.void_entry(session, SYSTEM, UUID(entry["id"]), "Corrected by the bank")
    assert await status_of(desk, bill.id) == ("issued", "1.00")
    after = await balance(desk, f"bank:{desk.account.number}:CNY")
    assert Money.from_decimal(Decimal(before), "CNY") - Money.from_decimal(Decimal(after), "CNY") == Money(
        100, "CNY"
    )
    refused = await desk.match(entry, pays(bill), status=409)
    assert "corrected statement" in refused["remedy"]
    assert await desk.reconcile() == []
    await desk.entry(paid_by(bill, minor=100))
    assert await desk.reconcile() == []


async def test_of_two_officers_at_once_one_matches_and_the_other_is_told_what_to_do(desk: Desk) -> None:
    bills = [await desk.bill(), await desk.bill()]
    entry = await desk.entry(paid_by(bills[0], minor=100, note="?"))
    path = f"/v1/bank-entries/{entry['id']}/matches"

    async def match(client: httpx.AsyncClient, bill: Any) -> httpx.Response:
        body = {"replaces": entry["match_id"], "parts": [pays(bill)], "reason": "Asked the payer"}
        return await client.post(path, json=body, headers=fresh_key())

    answers = await asyncio.gather(match(desk.officer, bills[0]), match(desk.second, bills[1]))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = [answer.json() for answer in answers if answer.status_code == 409]
    assert refused["type"].endswith("bank-entry-matched")
    now_is = await desk.get(f"/v1/bank-entries/{entry['id']}")
    assert refused["match_id"] == now_is["match_id"]
    for bill in bills:
        if (await status_of(desk, bill.id))[0] == "issued":
            await desk.entry(paid_by(bill, minor=100))
    assert await desk.reconcile() == []


async def charged(desk: Desk, bill: Any) -> CardPayment:
    """A card payment that the processor is about to report."""
    async with transaction(desk.sessions) as session:
        invoice = await invoices.lock_invoice(session, bill.id)
        made = CardPayment(
            invoice_id=bill.id,
            amount_minor=invoice.open.minor,
            currency=bill.currency,
            payment_method="pm_card",
            status=CardPaymentStatus.REQUESTED,
            requested_by=bill.buyer_id,
            requested_at=await now(session),
        )
        session.add(made)
    return made


async def report(desk: Desk, payment: CardPayment) -> None:
    async with transaction(desk.sessions) as session:
        intent = Intent(f"pi_{payment.id.hex}", "succeeded", payment.amount, {}, None, None)
        await cards.apply_intent(session, payment.id, intent)


async def test_a_card_and_an_officer_at_once_pay_an_invoice_once(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100, note="?"))
    payment = await charged(desk, bill)
    body = {"replaces": entry["match_id"], "parts": [pays(bill)], "reason": "Asked the payer"}
    path = f"/v1/bank-entries/{entry['id']}/matches"
    answer, _ = await asyncio.gather(
        desk.officer.post(path, json=body, headers=fresh_key()), report(desk, payment)
    )
    assert await status_of(desk, bill.id) == ("paid", "0.00")
    if answer.status_code == 201:
        assert [kind for kind, _ in await desk.reconcile()] == ["card_payment"]
        assert "POST /v1/card-payments/{id}/refunds" in desk.breaks[0]["remedy"]["en"]
        await desk.match(entry)
        assert await status_of(desk, bill.id) == ("issued", "1.00")
    else:
        assert answer.json()["type"].endswith("invoice-not-payable")
    await desk.send(await desk.approved(f"/v1/bank-entries/{entry['id']}/refunds"))


async def test_an_assignment_meets_a_refund_that_is_asked_for_at_once(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100, note="?"))
    body = {"replaces": entry["match_id"], "parts": [pays(bill)], "reason": "Asked the payer"}
    matched, asked = await asyncio.gather(
        desk.officer.post(f"/v1/bank-entries/{entry['id']}/matches", json=body, headers=fresh_key()),
        desk.second.post(f"/v1/bank-entries/{entry['id']}/refunds", json=ASKED, headers=fresh_key()),
    )
    assert sorted([matched.status_code, asked.status_code]) == [201, 409]
    if asked.status_code == 201:
        withdrawal = f"/v1/refunds/{asked.json()['id']}/withdrawal"
        await desk.post(withdrawal, {"reason": "It is a payment"}, status=200)
        await desk.match(entry, pays(bill))
    assert await status_of(desk, bill.id) == ("paid", "0.00")
