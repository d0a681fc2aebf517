"""The fourteen ordinary slips of a bank transfer, each played over HTTP to clean books and a trial balance of zero."""

from collections.abc import AsyncIterator

import pytest

from infra.db import transaction
from market.demo.bank import Receipt
from market.settlement.invoices.domain import payment_reference
from pricing.money import Money
from tests.support.finance import Account, Desk, other, paid_by, pays
from tests.support.settlement import own_account


def fen(minor: int) -> Money:
    return Money(minor, "CNY")


def mistyped(reference: str) -> str:
    """With one digit wrong, as fingers do it."""
    return reference[:-3] + str((int(reference[-3]) + 1) % 10) + reference[-2:]


@pytest.fixture(autouse=True)
async def books_end_clean(desk: Desk) -> AsyncIterator[None]:
    yield
    assert await desk.reconcile() == []
    assert await desk.waiting() == []


async def test_1_and_2_an_underpayment_and_its_remainder(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=60))
    assert entry["status"] == "suspense"
    assert await desk.reconcile() == [("suspense", "0.60")]
    matched = await desk.match(entry, pays(bill))
    assert (matched["status"], matched["parts"][0]["amount"]["amount"]) == ("paid", "0.60")
    seen = await desk.get(f"/v1/invoices/{bill.id}")
    assert (seen["status"], seen["paid"]["amount"], seen["open"]["amount"]) == ("issued", "0.60", "0.40")
    rest = await desk.entry(paid_by(bill, minor=40))
    assert (rest["status"], rest["invoice_id"]) == ("paid", str(bill.id)), "what is open is matched by itself"
    seen = await desk.get(f"/v1/invoices/{bill.id}")
    assert (seen["status"], seen["open"]["amount"]) == ("paid", "0.00")


async def test_3_and_4_an_overpayment_and_its_return(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=150))
    matched = await desk.match(entry, pays(bill))
    assert [(part["kind"], part["amount"]["amount"]) for part in matched["parts"]] == [
        ("invoice", "1.00"),
        ("suspense", "0.50"),
    ]
    assert await desk.reconcile() == [("suspense", "0.50")]
    (item,) = desk.breaks
    assert (item["age_days"], item["owner_id"]) == (0, None)
    assert "POST /v1/bank-entries/{id}/matches" in item["remedy"]["en"]
    assert entry["id"] in item["explanation"]
    refund = await desk.approved(f"/v1/bank-entries/{entry['id']}/refunds")
    assert refund["transfer"]["amount"]["amount"] == "0.50"
    assert await desk.reconcile() == [("suspense", "0.50")], "it has not left yet"
    sent = await desk.send(refund)
    assert (sent["status"], sent["parts"][0]["refund_id"]) == ("assigned", refund["id"])
    assert (await desk.get(f"/v1/refunds/{refund['id']}"))["status"] == "succeeded"


async def test_5_two_invoices_in_one_transfer(desk: Desk) -> None:
    trade = await desk.trade()
    first, second = await desk.bill(trade), await desk.bill(trade)
    both = f"{first.payment_reference} {second.payment_reference}"
    entry = await desk.entry(paid_by(first, minor=200, note=both))
    assert {item["invoice_id"] for item in (await desk.waiting())[0]["candidates"]} == {
        str(first.id),
        str(second.id),
    }
    matched = await desk.match(entry, pays(first), pays(second, "1.00"))
    assert (matched["status"], matched["invoice_id"]) == ("paid", None)
    for bill in (first, second):
        assert (await desk.get(f"/v1/invoices/{bill.id}"))["status"] == "paid"


async def test_6_an_unknown_reference(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100, note=payment_reference(99_999, 7)))
    (waiting,) = await desk.waiting()
    (candidate,) = waiting["candidates"]
    assert candidate["invoice_id"] == str(bill.id)
    assert {reason["kind"] for reason in candidate["reasons"]} == {"payer", "amount"}
    assert (await desk.get(f"/v1/invoices/{bill.id}"))["status"] == "issued", "nothing is matched by itself"
    await desk.match(entry, pays(bill))


async def test_7_a_mistyped_reference(desk: Desk) -> None:
    bill = await desk.bill()
    wrong = mistyped(bill.payment_reference)
    entry = await desk.entry(paid_by(bill, minor=100, note=f"inv {wrong.lower()}", payer="J. Doe"))
    (waiting,) = await desk.waiting()
    reasons = {item["kind"]: item["explanation"] for item in waiting["candidates"][0]["reasons"]}
    assert waiting["candidates"][0]["invoice_id"] == str(bill.id)
    assert set(reasons) == {"mistyped_reference", "amount"}
    in_chinese = await desk.officer.get("/v1/bank-entries?status=suspense", headers={"Accept-Language": "zh"})
    assert "校验位" in str(in_chinese.json()["items"][0]["candidates"])
    assert wrong in reasons["mistyped_reference"]
    assert bill.payment_reference in reasons["mistyped_reference"]
    await desk.match(entry, pays(bill))


async def test_8_a_missing_reference(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100, note="thank you"))
    (waiting,) = await desk.waiting()
    assert [item["invoice_id"] for item in waiting["candidates"]] == [str(bill.id)]
    await desk.match(entry, pays(bill))


async def test_9_the_same_invoice_paid_twice(desk: Desk) -> None:
    bill = await desk.bill()
    _, again = await desk.statement(paid_by(bill, minor=100), paid_by(bill, minor=100))
    assert again["reason"] == f"invoice {bill.document_number} is paid already"
    in_chinese = await desk.officer.get(f"/v1/bank-entries/{again['id']}", headers={"Accept-Language": "zh"})
    assert in_chinese.json()["reason"] == f"账单{bill.document_number}的状态已是“已支付”"
    refused = await desk.match(again, pays(bill), status=409)
    assert "give back" in refused["remedy"]
    await desk.send(await desk.approved(f"/v1/bank-entries/{again['id']}/refunds"))


async def test_10_a_payment_after_the_invoice_was_refunded(desk: Desk) -> None:
    bill = await desk.bill()
    await desk.entry(paid_by(bill, minor=100))
    await desk.send(await desk.approved(f"/v1/invoices/{bill.id}/bank-refunds"))
    late = await desk.entry(paid_by(bill, minor=100))
    assert late["reason"] == f"invoice {bill.document_number} is refunded already"
    await desk.send(await desk.approved(f"/v1/bank-entries/{late['id']}/refunds"))


async def test_11_a_bank_refund(desk: Desk) -> None:
    trade = await desk.trade()
    bill = await desk.bill(trade)
    await desk.entry(paid_by(bill, minor=100))
    by_card = await desk.post(f"/v1/invoices/{bill.id}/refunds", {"reason": "Wrong data"}, status=409)
    assert f"POST /v1/invoices/{bill.id}/bank-refunds" in by_card["remedy"]
    asked = await desk.post(
        f"/v1/invoices/{bill.id}/bank-refunds",
        {"payee": {"name": "Test buyer", "account": "1"}, "reason": "Wrong data"},
    )
    approval = f"/v1/refunds/{asked['id']}/approval"
    assert "officer" in (await desk.post(approval, status=403))["detail"]
    refund = await desk.post(approval, status=200, by=desk.second)
    assert (await desk.get(f"/v1/invoices/{bill.id}"))["status"] == "paid"
    assert await desk.reconcile() == []
    await desk.send(refund)
    assert (await desk.get(f"/v1/invoices/{bill.id}"))["status"] == "refunded"
    journals = (await desk.get(f"/v1/ledger/journals?source_id={refund['id']}"))["items"]
    assert len(journals) == 2, "the split is reversed, the money leaves"
    named = {row["account"]["code"]: row["balance"]["amount"] for row in await _trial(desk)}
    assert named[f"payable:{trade.owner.organisation_id}:CNY"] == "0.00"


async def _trial(desk: Desk) -> list[dict[str, dict[str, str]]]:
    return list((await desk.get("/v1/ledger/trial-balance"))["rows"])


async def test_12_money_that_went_out_for_another_reason(desk: Desk) -> None:
    entry = await desk.entry(Receipt(fen(-40), "account fee", "the bank", "B-fee"))
    assert await desk.reconcile() == [("suspense", "-0.40")]
    matched = await desk.match(entry, other(), reason="Quarterly fee of the bank")
    assert (matched["status"], matched["parts"][0]["amount"]["amount"]) == ("assigned", "-0.40")
    named = {row["account"]["code"]: row["balance"]["amount"] for row in await _trial(desk)}
    assert named["other:CNY"] == "-0.40"


async def test_13_a_payment_in_another_currency(desk: Desk) -> None:
    bill = await desk.bill()
    dollars = Account(f"USD{desk.account.number}"[:20], "USD")
    async with transaction(desk.sessions) as session:
        await own_account(session, dollars.number, "USD")
    entry = await desk.entry(
        Receipt(Money(100, "USD"), bill.payment_reference, "Test buyer", "B-usd"), account=dollars
    )
    refused = await desk.match(entry, pays(bill, "1.00"), status=409)
    assert "currency" in refused["remedy"]
    refused = await desk.match(entry, pays(bill), status=409)
    assert "in its own currency" in refused["remedy"]
    await desk.send(await desk.approved(f"/v1/bank-entries/{entry['id']}/refunds"), account=dollars)
    await desk.entry(paid_by(bill, minor=100))


async def test_14_a_payment_by_a_third_party(desk: Desk) -> None:
    bill = await desk.bill()
    entry = await desk.entry(paid_by(bill, minor=100, note="for my sister", payer="Somebody Else"))
    (waiting,) = await desk.waiting()
    assert [reason["kind"] for reason in waiting["candidates"][0]["reasons"]] == ["amount"]
    await desk.match(entry, pays(bill), reason="Confirmed by the buyer on the phone")
    history = (await desk.get(f"/v1/bank-entries/{entry['id']}/matches"))["items"]
    assert [(item["number"], item["status"]) for item in history] == [(2, "paid"), (1, "suspense")]
    assert history[0]["reason"] == "Confirmed by the buyer on the phone"
    next_bill = await desk.bill()
    again = await desk.entry(paid_by(next_bill, minor=90, note="again", payer="Somebody Else"))
    assert (await desk.waiting())[0]["candidates"] == [], "another buyer, another amount"
    await desk.match(again, pays(next_bill))
    await desk.entry(paid_by(next_bill, minor=10))
