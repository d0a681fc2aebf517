"""From metered use to reconciled money over HTTP, each step as its own party."""

from uuid import UUID, uuid4

from infra.auth import OrganisationKind
from infra.db import SessionMaker, new_id, transaction
from market.settlement.invoices import repository as invoices
from tests.support.metering import end_month
from tests.support.settlement import (
    Caller,
    Meter,
    TradeMaker,
    a_member,
    bank_statement,
    fresh_key,
    own_account,
    transfer,
)

XML = {"Content-Type": "application/xml"}


async def test_the_money_s_way(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller
) -> None:
    trade, account = await trade_of(), uuid4().hex
    await meter(trade.licence_id, calls=25, rows=40)
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
    finance, buyer, owner = [await caller(who) for who in (trade.finance, trade.buyer, trade.owner)]
    path, key = f"/v1/agreements/{trade.agreement_id}/period-closes", fresh_key()

    assert (await buyer.post(path, json={}, headers=fresh_key())).status_code == 403
    no_key = await finance.post(path, json={})
    assert no_key.status_code == 400
    assert "Idempotency-Key" in no_key.json()["detail"]
    answers = [await finance.post(path, json={}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    closed = answers[0].json()
    assert closed["usage"][0]["units"]["calls"] == 25
    invoice_id = closed["invoice"]["id"]

    seen = (await buyer.get(f"/v1/invoices/{invoice_id}")).json()
    assert (seen["status"], seen["total"]) == ("issued", {"amount": "1.75", "currency": "CNY"})
    assert [line["amount"]["amount"] for line in seen["lines"]] == ["0.75", "1.00"]
    assert all(line["explanation_en"] and line["explanation_zh"] for line in seen["lines"])
    assert [(part["party"], part["amount"]["amount"]) for part in seen["split"]] == [
        ("owner", "0.88"),
        ("operator", "0.70"),
        ("platform", "0.17"),
    ]
    listed = (await owner.get("/v1/invoices", params={"status": "issued"})).json()["items"]
    assert [item["id"] for item in listed] == [invoice_id]
    for shown in (seen, listed[0], closed["invoice"]):
        assert [shown[f"{party}_name"] for party in ("operator", "owner", "buyer")] == [
            {"zh": f"测试{party}", "en": f"Test {party}"} for party in ("operator", "owner", "buyer")
        ]
    assert [part["organisation_name"] and part["organisation_name"]["en"] for part in seen["split"]] == [
        "Test owner",
        "Test operator",
        None,
    ]

    async with transaction(sessions) as session:
        row = await invoices.get(session, UUID(invoice_id))
        await own_account(session, account)
    assert row is not None
    document = bank_statement(transfer(row), account=account)
    refused = await finance.post("/v1/bank-statements", content=document, headers=fresh_key())
    assert refused.status_code == 415
    imported = await finance.post("/v1/bank-statements", content=document, headers=fresh_key() | XML)
    assert imported.status_code == 201, imported.text
    (statement,) = imported.json()["statements"]
    assert (statement["created"], statement["entries"], statement["paid"]) == (True, 1, 1)
    entry = (await finance.get(f"/v1/bank-statements/{statement['statement']['id']}")).json()["entries"][0]
    assert (entry["status"], entry["invoice_id"]) == ("paid", invoice_id)
    assert (await buyer.get(f"/v1/invoices/{invoice_id}")).json()["status"] == "paid"

    earned = (await owner.get("/v1/statements-of-account")).json()
    assert (earned["closing"]["amount"], len(earned["movements"])) == ("0.88", 1)
    assert earned["organisation_name"]["en"] == "Test owner"
    journals = (await finance.get("/v1/ledger/journals", params={"source_id": invoice_id})).json()["items"]
    assert {journal["source_kind"] for journal in journals} == {"invoice", "payment", "split"}
    trial = (await finance.get("/v1/ledger/trial-balance")).json()
    assert trial["differences"] == []
    named = {row["account"]["code"]: row["account"]["owner_organisation_name"] for row in trial["rows"]}
    assert named[earned["account_code"]]["en"] == "Test owner"
    assert named["commission:CNY"] is None
    accounts = (await finance.get("/v1/ledger/accounts", params={"limit": 200})).json()["items"]
    assert {"Test owner", "Test buyer"} <= {
        (item["owner_organisation_name"] or {}).get("en") for item in accounts
    }
    assert (await buyer.get("/v1/ledger/trial-balance")).status_code == 403

    run = await finance.post("/v1/reconciliations", json={}, headers=fresh_key())
    assert run.status_code == 201, run.text
    kept = (await finance.get(f"/v1/reconciliations/{run.json()['id']}")).json()
    assert kept == run.json()
    subjects = {item["subject"] for item in kept["breaks"]}
    assert row.document_number not in subjects


async def test_strangers_see_nothing(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller
) -> None:
    trade, other = await trade_of(), await trade_of()
    await meter(trade.licence_id, calls=30)
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
    finance, stranger = await caller(trade.finance), await caller(other.buyer)
    closes = f"/v1/agreements/{trade.agreement_id}/period-closes"
    closed = (await finance.post(closes, json={}, headers=fresh_key())).json()
    for path in (
        f"/v1/invoices/{closed['invoice_id']}",
        f"/v1/invoices/{closed['invoice_id']}/card-payments",
        f"/v1/invoices/{closed['invoice_id']}/refunds",
        f"/v1/card-payments/{new_id()}",
        closes,
    ):
        assert (await stranger.get(path)).status_code == 404, path
    assert (await stranger.get("/v1/invoices")).json()["items"] == []
    for path in ("/v1/bank-statements", "/v1/reconciliations", "/v1/ledger/accounts"):
        assert (await stranger.get(path)).status_code == 403, path


async def test_a_regulator_reads_what_reconciliation_found_and_does_not_run_it(
    trade_of: TradeMaker, caller: Caller, sessions: SessionMaker
) -> None:
    finance = await caller((await trade_of()).finance)
    async with transaction(sessions) as session:
        officer = await a_member(session, OrganisationKind.REGULATOR)
    regulator = await caller(officer)
    run = (await finance.post("/v1/reconciliations", json={}, headers=fresh_key())).json()
    assert (await regulator.get(f"/v1/reconciliations/{run['id']}")).json() == run
    assert run["id"] in [item["id"] for item in (await regulator.get("/v1/reconciliations")).json()["items"]]
    refused = await regulator.post("/v1/reconciliations", json={}, headers=fresh_key())
    assert refused.status_code == 403


async def test_bad_statements_are_told_in_problem_documents(trade_of: TradeMaker, caller: Caller) -> None:
    finance = await caller((await trade_of()).finance)
    bomb = b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><Document>&b;</Document>'
    lying = bank_statement(account="x").replace(b">0.00<", b">9.00<", 1)
    for body, word in ((bomb, "document type"), (lying, "closing balance"), (b"{}", "not XML")):
        answer = await finance.post("/v1/bank-statements", content=body, headers=fresh_key() | XML)
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert word in answer.json()["detail"]
    huge = b" " * 16_777_217
    answer = await finance.post("/v1/bank-statements", content=huge, headers=fresh_key() | XML)
    assert answer.status_code == 413


async def test_cards_are_refused_with_a_remedy_where_none_is_configured(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller
) -> None:
    trade = await trade_of()
    await meter(trade.licence_id, calls=30)
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
    finance, buyer = await caller(trade.finance), await caller(trade.buyer)
    closes = f"/v1/agreements/{trade.agreement_id}/period-closes"
    invoice_id = (await finance.post(closes, json={}, headers=fresh_key())).json()["invoice_id"]
    ask = {"payment_method": "pm_card_visa"}
    answer = await buyer.post(f"/v1/invoices/{invoice_id}/card-payments", json=ask, headers=fresh_key())
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:data-market:problem:cards-not-offered")
    assert "bank transfer" in answer.json()["remedy"]
    events = await buyer.post("/v1/stripe/events", content=b"{}", headers={"Stripe-Signature": "t=1,v1=x"})
    assert events.status_code == 409
