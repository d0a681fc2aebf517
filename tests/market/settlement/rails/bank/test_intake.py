"""Statements over HTTP: overlaps, gaps, entries that come again, corrections; and what each refusal advises, done."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from infra.db import SessionMaker, new_id, snapshot, transaction
from market.settlement.ledger import chart
from market.settlement.ledger import service as ledger
from market.settlement.rails.bank.statements import intake
from market.settlement.rails.bank.tables import BankEntry
from market.settlement.reconciliation.checks import bank_balance, bank_entry, statement_gap
from tests.support.camt053 import Line, statement
from tests.support.settlement import Meter, TradeMaker, invoice_for, own_account

XML = {"Content-Type": "application/xml"}
MONDAY = date(2026, 11, 16)
Officers = list[httpx.AsyncClient]


def day(count: int) -> date:
    return MONDAY + timedelta(days=count)


def of(first: int, last: int | None = None) -> tuple[date, date]:
    return day(first), day(first if last is None else last)


def line(minor: int, reference: str | None = None, *, on: int = 0, text: str = "汇款") -> Line:
    return Line(minor, text, reference, day(on))


@pytest.fixture
async def account(sessions: SessionMaker) -> str:
    """A fresh account of the platform's own."""
    number = f"62{new_id().int % 10**17:017}"
    async with transaction(sessions) as session:
        await own_account(session, number)
    return number


@pytest.fixture
async def iban(sessions: SessionMaker) -> str:
    """One abroad."""
    body = f"{new_id().int % 10**18:018}"
    number = f"DE{98 - int(body + '131400') % 97:02}{body}"
    async with transaction(sessions) as session:
        await own_account(session, number, "EUR")
    return number


async def send(client: httpx.AsyncClient, document: bytes, **headers: str) -> httpx.Response:
    return await client.post(
        "/v1/bank-statements", content=document, headers={"Idempotency-Key": str(new_id())} | XML | headers
    )


async def taken(client: httpx.AsyncClient, document: bytes) -> dict[str, Any]:
    answer = await send(client, document)
    assert answer.status_code == 201, answer.text
    summary: dict[str, Any] = answer.json()["statements"][0]["statement"]
    read: dict[str, Any] = (await client.get(f"/v1/bank-statements/{summary['id']}")).json()
    return read


def problem(answer: httpx.Response, slug: str, status: int = 409) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["type"].rpartition(":")[2] == slug, body
    return body


async def booked(sessions: SessionMaker, account: str, currency: str = "CNY") -> int:
    async with transaction(sessions) as session:
        return (await ledger.balance(session, chart.bank(account, currency))).minor


async def breaks(sessions: SessionMaker, account: str, *statement_ids: str) -> list[str]:
    """What reconciliation finds about an account and its statements."""
    async with snapshot(sessions) as session:
        moment = (await session.execute(sa.select(sa.func.now()))).scalar_one()
        found = [
            item
            for check in (bank_balance.check, bank_entry.check, statement_gap.check)
            for item in await check(session, moment)
        ]
    return [
        f"{item.kind}: {item.explanation}"
        for item in found
        if account in item.subject or item.subject.partition("/")[0] in statement_ids
    ]


async def test_an_overlap_is_refused_naming_both(officers: Officers, account: str) -> None:
    finance = officers[0]
    await taken(finance, statement("S-1", account, 0, line(100), days=of(0, 2)))
    found = problem(
        await send(finance, statement("S-2", account, 100, line(5, on=2), days=of(2, 3))),
        "bank-statement-overlap",
    )
    assert found["detail"] == (
        "Statement S-2 covers 2026-11-18 to 2026-11-19; statement S-1 of the account covers 2026-11-16 to 2026-11-18."
    )
    assert found["remedy"].startswith("Ask the bank for a statement of the days that S-1 does not cover.")
    in_chinese = await send(
        finance, statement("S-2", account, 100, line(5, on=2), days=of(2, 3)), **{"Accept-Language": "zh"}
    )
    assert "对账单" in in_chinese.json()["detail"]
    await taken(finance, statement("S-2", account, 100, line(5, on=3), days=of(3)))


async def test_a_gap_is_refused_with_what_is_missing_and_closed_by_the_missing_statement(
    officers: Officers, account: str, sessions: SessionMaker
) -> None:
    finance = officers[0]
    name = f"G{account}"
    await taken(finance, statement(f"{name}-1", account, 0, line(100), days=of(0)))
    third = statement(f"{name}-3", account, 700, line(1, on=3), days=of(3))
    found = problem(await send(finance, third), "bank-statement-gap")
    assert found["detail"] == (
        f"Statement {name}-1 closes with 1.00 CNY, and {name}-3 goes on from 7.00 CNY: 6.00 CNY is missing, and no"
        " statement covers 2026-11-17 to 2026-11-18."
    )
    assert (found["facts"]["missing"]["amount"], found["facts"]["missing_from"]) == ("6.00", "2026-11-17")
    await taken(finance, statement(f"{name}-2", account, 100, line(600, on=1), days=of(1, 2)))
    await taken(finance, third)
    assert await booked(sessions, account) == 701
    assert await breaks(sessions, account, f"{name}-1", f"{name}-2", f"{name}-3") == []


async def test_a_gap_is_accepted_by_two_officers_and_filled_later(
    officers: Officers, account: str, sessions: SessionMaker
) -> None:
    finance, second, administrator = officers
    name = f"A{account}"
    await taken(finance, statement(f"{name}-1", account, 0, line(100), days=of(0)))
    third = statement(f"{name}-3", account, 700, line(1, on=3), days=of(3))
    found = problem(await send(finance, third), "bank-statement-gap")
    path = f"/v1/bank-statement-reviews/{found['review_id']}/approvals"
    assert path in found["remedy"]
    reason = {"reason": "The bank lost its archive; its letter is on file"}
    first = await finance.post(path, json=reason)
    assert (first.status_code, first.json()["approved"], first.json()["approvals_needed"]) == (201, False, 2)
    problem(await finance.post(path, json=reason), "another-officer", 403)
    problem(await send(finance, third), "bank-statement-gap")
    assert (await administrator.post(path, json=reason)).json()["approved"]
    problem(await second.post(path, json=reason), "bank-statement-review-approved")
    read = await taken(finance, third)
    assert read["gap_before_id"] == found["review_id"]
    kept = (await second.get(f"/v1/bank-statement-reviews/{found['review_id']}")).json()
    assert (kept["bank_statement_id"], len(kept["approvals"])) == (read["id"], 2)
    assert kept["approvals"][0]["reason"] == reason["reason"]
    assert await breaks(sessions, account, f"{name}-1", f"{name}-3") == []
    # Another file with the same gap is not what was approved.
    other = statement(f"{name}-5", account, 999, days=of(4))
    problem(await send(finance, other), "bank-statement-gap")
    # What was missing turns up after all.
    await taken(finance, statement(f"{name}-2", account, 100, line(600, on=1), days=of(1, 2)))
    assert await booked(sessions, account) == 701
    assert await breaks(sessions, account, *(f"{name}-{number}" for number in (1, 2, 3))) == []
    stray = await send(finance, statement(f"{name}-X", account, 700, line(9, on=2), days=None))
    problem(stray, "bank-statement-gap")


async def test_days_without_a_statement_are_no_gap_while_the_balance_goes_on(
    officers: Officers, account: str, sessions: SessionMaker
) -> None:
    finance = officers[0]
    await taken(finance, statement("S-1", account, 0, line(100), days=of(0)))
    await taken(finance, statement("S-4", account, 100, line(1, on=9), days=of(9)))  # a week of holidays
    # What moved in between and came to nothing goes in its place whenever it arrives.
    await taken(finance, statement("S-2", account, 100, line(7, on=2), line(-7, on=3), days=of(2, 3)))
    assert await booked(sessions, account) == 101


async def test_a_statement_that_the_bank_counts_is_missing_even_if_the_balances_agree(
    officers: Officers, account: str
) -> None:
    finance = officers[0]
    await taken(finance, statement("S-1", account, 0, line(100), days=of(0), sequence=7))
    late = statement("S-3", account, 100, line(1, on=3), days=of(3), sequence=9)
    found = problem(await send(finance, late), "bank-statement-gap")
    assert "0.00 CNY is missing, and no statement covers 2026-11-17 to 2026-11-18" in found["detail"]
    await taken(finance, statement("S-2", account, 100, days=of(1, 2), sequence=8))
    await taken(finance, late)


async def test_statements_may_arrive_in_any_order_as_long_as_each_fits(
    officers: Officers, account: str, sessions: SessionMaker
) -> None:
    finance = officers[0]
    await taken(finance, statement("S-2", account, 100, line(50, on=1), days=of(1)))
    await taken(finance, statement("S-1", account, 0, line(100), days=of(0)))
    found = problem(
        await send(finance, statement("S-0", account, 5, line(6, on=-3), days=of(-3))), "bank-statement-gap"
    )
    assert "Statement S-0 closes with 0.11 CNY, and S-1 goes on from 0.00 CNY" in found["detail"]
    between = await send(finance, statement("S-X", account, 100, line(1, on=1)))
    assert between.status_code == 409
    assert await booked(sessions, account) == 150


async def test_an_entry_that_is_listed_again_is_not_booked_twice(
    officers: Officers, account: str, sessions: SessionMaker
) -> None:
    """A bank that sends the day so far at noon, and all of it in the evening."""
    finance = officers[0]
    name = f"L{account}"
    noon = await taken(finance, statement(f"{name}-1", account, 0, line(100, "A-1"), line(40, "A-2")))
    evening = await taken(
        finance, statement(f"{name}-2", account, 0, line(100, "A-1"), line(40, "A-2"), line(7, "A-3"))
    )
    assert [entry["listed_again"] for entry in evening["entries"]] == [True, True, False]
    assert [entry["id"] for entry in evening["entries"][:2]] == [entry["id"] for entry in noon["entries"]]
    counts = noon["entries"][0]
    async with transaction(sessions) as session:
        repeat = await session.scalar(
            sa.select(col(BankEntry.id)).where(col(BankEntry.same_as_id) == counts["id"])
        )
    path = f"/v1/bank-entries/{repeat}"
    assert (await finance.get(path)).json()["id"] == counts["id"], "the one that is booked answers for both"
    body = {"replaces": counts["match_id"], "parts": [{"kind": "other"}], "reason": "Interest of the bank"}
    matched = await finance.post(f"{path}/matches", json=body, headers={"Idempotency-Key": str(new_id())})
    assert (matched.status_code, matched.json()["id"]) == (201, counts["id"])
    assert len((await finance.get(f"{path}/matches")).json()["items"]) == 2
    money_back = {"payee": {"name": "测试买方", "account": "1"}, "reason": "Not ours to keep"}
    nothing = await finance.post(
        f"{path}/refunds", json=money_back, headers={"Idempotency-Key": str(new_id())}
    )
    problem(nothing, "bank-entry-nothing-held")
    assert await booked(sessions, account) == 147
    await taken(finance, statement(f"{name}-3", account, 147, line(1, "A-4", on=1)))
    assert await booked(sessions, account) == 148
    assert await breaks(sessions, account, *(f"{name}-{number}" for number in (1, 2, 3))) == []


async def test_a_file_of_before_is_the_same_file_whatever_a_later_release_reads_in_it(
    officers: Officers, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finance, file = officers[0], statement("S-1", account, 0, line(100, "A-1"), days=of(0))
    with monkeypatch.context() as earlier:
        earlier.setattr(intake, "statement_digest", lambda _: b"what an earlier release read")
        before = await taken(finance, file)
    again = (await send(finance, file)).json()["statements"][0]
    assert (again["created"], again["statement"]["id"]) == (False, before["id"])


async def test_an_entry_that_the_balances_count_twice_waits_for_a_person(
    officers: Officers, account: str, sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    finance, trade = officers[0], await trade_of()
    await meter(trade.licence_id, calls=30)
    invoice = await invoice_for(sessions, trade)
    pays = Line(100, invoice.payment_reference, "A-1", day(0))
    first = await taken(finance, statement("S-1", account, 0, pays))
    assert first["entries"][0]["status"] == "paid"
    second = await taken(finance, statement("S-2", account, 100, pays))
    assert (second["entries"][0]["status"], second["entries"][0]["reason"]) == (
        "suspense",
        "the bank listed it in statement S-1 before; its balances count it twice",
    )
    assert await booked(sessions, account) == 200


@pytest.mark.parametrize("reference", [None, "NOTPROVIDED"])
async def test_without_a_reference_two_equal_entries_are_two(
    officers: Officers, account: str, sessions: SessionMaker, reference: str | None
) -> None:
    finance = officers[0]
    await taken(finance, statement("S-1", account, 0, line(100, reference), days=of(0)))
    second = await taken(finance, statement("S-2", account, 100, line(100, reference), days=of(1)))
    assert not second["entries"][0]["listed_again"]
    assert await booked(sessions, account) == 200


@pytest.mark.parametrize("abroad", [False, True], ids=["home", "abroad"])
async def test_a_corrected_statement_replaces_its_forerunner(
    officers: Officers,
    sessions: SessionMaker,
    trade_of: TradeMaker,
    meter: Meter,
    account: str,
    iban: str,
    abroad: bool,
) -> None:
    finance, second, _ = officers
    own, currency = (iban, "EUR") if abroad else (account, "CNY")
    trade = await trade_of(currency=currency)
    invoices = []
    for _ in range(2):
        await meter(trade.licence_id, calls=30)
        invoices.append(await invoice_for(sessions, trade))
    name = f"C{own}"

    def file(*lines: Line) -> bytes:
        return statement(name, own, 1000, *lines, days=of(0), currency=currency, abroad=abroad)

    stays = Line(invoices[0].total_minor, invoices[0].payment_reference, "A-1", day(0), "Müller & Söhne")
    wrong = Line(invoices[1].total_minor, invoices[1].payment_reference, "A-2", day(0))
    unclear = line(33, None, text="?")
    before = await taken(finance, file(stays, wrong, unclear))
    right = Line(invoices[1].total_minor, invoices[1].payment_reference, "A-9", day(0))
    corrected = file(unclear, stays, right, line(-4, "A-10", text="手续费"))

    found = problem(await send(finance, corrected), "bank-statement-conflict")
    assert found["detail"].endswith("with other content: 2 entries stay, 1 went, 2 are new.")
    assert [item["bank_reference"] for item in found["facts"]["went"]] == ["A-2"]
    assert [item["bank_reference"] for item in found["facts"]["new"]] == ["A-9", "A-10"]
    path = f"/v1/bank-statement-reviews/{found['review_id']}"
    assert path in found["remedy"]
    assert (await second.get(path)).json()["facts"]["closing"]["is"]["amount"] != ""
    approved = await second.post(f"{path}/approvals", json={"reason": "The bank's letter of today"})
    assert (approved.status_code, approved.json()["approved"]) == (201, True)

    after = await taken(finance, corrected)
    assert (after["replaces_id"], after["review_id"]) == (before["id"], found["review_id"])
    by_reference = {entry["bank_reference"]: entry for entry in after["entries"]}
    assert by_reference["A-1"]["id"] == before["entries"][0]["id"]
    assert by_reference["A-1"]["match_id"] == before["entries"][0]["match_id"]
    assert by_reference["A-9"]["invoice_id"] == str(invoices[1].id)
    assert by_reference["A-10"]["status"] == "suspense"
    kept = (await finance.get(f"/v1/bank-statements/{before['id']}")).json()
    assert [entry["status"] for entry in kept["entries"]] == ["paid", "void", "suspense"]
    for invoice in invoices:
        assert (await finance.get(f"/v1/invoices/{invoice.id}")).json()["status"] == "paid"
    total = sum(invoice.total_minor for invoice in invoices) + 33 - 4
    assert await booked(sessions, own, currency) == total
    assert await breaks(sessions, own, name) == []
    again = await send(finance, corrected)
    assert not again.json()["statements"][0]["created"]
    trial = (await finance.get("/v1/ledger/trial-balance")).json()
    assert trial["differences"] == []
    # The first version, sent once more by mistake, is an offer that nobody has to take up.
    problem(await send(finance, file(stays, wrong, unclear)), "bank-statement-conflict")
    assert await booked(sessions, own, currency) == total


async def test_what_went_without_a_successor_leaves_its_invoice_open(
    officers: Officers, sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, account: str
) -> None:
    finance, trade = officers[0], await trade_of()
    await meter(trade.licence_id, calls=30)
    invoice = await invoice_for(sessions, trade)
    pays = Line(100, invoice.payment_reference, "A-1", day(0))
    await taken(finance, statement("S-1", account, 0, pays, days=of(0)))
    await taken(finance, statement("S-2", account, 100, line(5, "B-1", on=1), days=of(1)))
    corrected = statement("S-1", account, 0, days=of(0))
    found = problem(await send(finance, corrected), "bank-statement-conflict")
    (gap,) = found["facts"]["gaps_it_leaves"]
    assert (gap["later"], gap["missing"]["amount"]) == ("S-2", "1.00")
    approval = f"/v1/bank-statement-reviews/{found['review_id']}/approvals"
    await finance.post(approval, json={"reason": "The transfer was recalled"})
    await taken(finance, corrected)
    assert (await finance.get(f"/v1/invoices/{invoice.id}")).json()["status"] == "issued"
    assert await booked(sessions, account) == 5
    # The next one is wrong by it too, until the bank corrects it.
    follow = statement("S-2", account, 0, line(5, "B-1", on=1), days=of(1))
    found = problem(await send(finance, follow), "bank-statement-conflict")
    assert found["facts"]["gaps_it_leaves"] == []
    approval = f"/v1/bank-statement-reviews/{found['review_id']}/approvals"
    await finance.post(approval, json={"reason": "The transfer was recalled"})
    await taken(finance, follow)
    assert await booked(sessions, account) == 5


async def test_a_correction_may_come_under_an_id_of_its_own_and_an_id_in_another_year(
    officers: Officers, sessions: SessionMaker, account: str
) -> None:
    finance = officers[0]
    await taken(finance, statement("1", account, 0, line(100, "A-1"), days=of(0)))
    renamed = statement("1-K", account, 0, line(110, "A-1"), days=of(0))
    found = problem(await send(finance, renamed), "bank-statement-conflict")
    approval = f"/v1/bank-statement-reviews/{found['review_id']}/approvals"
    await finance.post(approval, json={"reason": "The bank's letter of today"})
    await taken(finance, renamed)
    assert await booked(sessions, account) == 110
    following = await taken(finance, statement("1", account, 110, line(1, "A-2", on=1), days=of(1)))
    assert following["replaces_id"] is None
    assert await booked(sessions, account) == 111


async def test_of_two_processes_with_the_next_statement_one_books(
    officers: Officers, sessions: SessionMaker, account: str
) -> None:
    finance, second, _ = officers
    await taken(finance, statement("S-1", account, 0, line(100, "A-0"), days=of(0)))
    same = statement("S-2", account, 100, line(7, "A-1", on=1), days=of(1))
    rival = statement("S-3", account, 100, line(9, "B-1", on=1), days=of(1))
    answers = await asyncio.gather(
        *(send(client, file) for file in (same, rival) for client in (finance, second, finance))
    )
    created = [answer.json()["statements"][0]["created"] for answer in answers if answer.status_code == 201]
    assert created.count(True) == 1
    assert {answer.status_code for answer in answers} == {201, 409}
    assert await booked(sessions, account) in (107, 109)
