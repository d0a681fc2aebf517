"""A period is billed once each of its calls is accounted for; what comes in after a contract's end bears no fee."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from litestar import Litestar

from infra.db import SessionMaker, transaction
from infra.jobs import JobContext
from infra.stops import service as stops
from market.metering import answers_sql
from market.metering import jobs as metering_jobs
from market.metering.admission_sql import admit
from market.metering.domain import Call, Outcome
from market.metering.record_ids import RecordIds
from market.settlement.invoices import jobs
from market.settlement.invoices import repository as invoices
from tests.support.database import TestDatabase
from tests.support.metering import Connection, call_for, end_month
from tests.support.settlement import (
    Caller,
    Meter,
    Trade,
    TradeMaker,
    bank_statement,
    fresh_key,
    own_account,
    transfer,
)

FLAT = [
    {"model": "flat", "amount": "100.00"},
    {"model": "per_unit", "metric": "calls", "unit_price": "0.05"},
]
TERMINATION = {"reason": "termination", "note": "The study is done"}
XML = {"Content-Type": "application/xml"}


class DyingProcess:
    """An API process as the database knows it: it has calls recorded, and dies before it says a word about them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids = RecordIds()

    async def admit(self, licence_id: UUID, calls: int = 1) -> list[Call]:
        """Have calls recorded."""
        await answers_sql.register(self._connection, self._ids.process_id, self._ids.next())
        asked = [
            call_for(licence_id, purpose="industry")._replace(record_id=self._ids.next())
            for _ in range(calls)
        ]
        decisions = await admit(self._connection, asked, seconds=10)
        assert {decision.outcome for decision in decisions} == {Outcome.ADMITTED}
        return asked

    async def open(self, call: Call) -> None:
        """It says that everything was answered but this call, which it is answering."""
        await answers_sql.say(
            self._connection,
            self._ids.process_id,
            self._ids.next(),
            {call.record_id: call.licence_id},
            ended=False,
        )

    async def answer(self) -> None:
        """It says that everything was answered."""
        await answers_sql.say(self._connection, self._ids.process_id, self._ids.next(), {}, ended=False)

    async def minutes_pass(self, context: JobContext) -> None:
        """The worker looks every minute, and nothing is heard of the process."""
        for column in ("seen_at", "suspected_at"):
            await self._connection.execute(
                f"UPDATE metering_processes SET {column} = {column} - interval '1 minute' WHERE id = $1",
                self._ids.process_id,
            )
            await metering_jobs.credit_unanswered(context, {})


@pytest.fixture
async def connection(database: TestDatabase) -> AsyncIterator[Connection]:
    made = await asyncpg.connect(database.service_url)
    yield made
    await made.close()


@pytest.fixture
def process(connection: Connection) -> DyingProcess:
    return DyingProcess(connection)


@pytest.fixture
def context(app: Litestar, sessions: SessionMaker) -> JobContext:
    return JobContext(
        settings=app.state.settings, sessions=sessions, store=app.state.store, keys=app.state.key_ring
    )


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.settlement.invoices.confirmation._TIMES", 2)


def closes_of(trade: Trade) -> str:
    return f"/v1/agreements/{trade.agreement_id}/period-closes"


async def terminate(client: httpx.AsyncClient, trade: Trade) -> None:
    answer = await client.post(
        f"/v1/agreements/{trade.agreement_id}/termination", json={"reason": "The study is done"}
    )
    assert answer.status_code == 201, answer.text


async def read(client: httpx.AsyncClient, path: str, **params: str) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("impatient")
async def test_the_last_bill_of_a_contract_holds_no_call_that_is_credited_after_it(
    sessions: SessionMaker,
    trade_of: TradeMaker,
    meter: Meter,
    caller: Caller,
    process: DyingProcess,
    context: JobContext,
) -> None:
    trade, account = await trade_of(charges=FLAT), uuid4().hex
    finance, buyer = await caller(trade.finance), await caller(trade.buyer)
    await meter(trade.licence_id, calls=20)
    (lost,) = await process.admit(trade.licence_id)
    await terminate(buyer, trade)
    key = fresh_key()
    early = await finance.post(closes_of(trade), json=TERMINATION, headers=key)
    assert early.status_code == 409, early.text
    problem = early.json()
    assert problem["type"] == "urn:data-market:problem:period-not-confirmed"
    assert (problem["unconfirmed"], "1 of its calls" in problem["detail"]) == (1, True)
    assert "GET /health/ready" in problem["remedy"]
    record = f"/v1/usage-records/{lost.record_id}"
    listed = (await read(buyer, "/v1/usage-records", licence_id=str(trade.licence_id)))["items"]
    assert [item["record_id"] for item in listed if item["status"] == "unconfirmed"] == [str(lost.record_id)]
    await jobs.bill_periods(context, {})
    assert (await read(finance, "/v1/invoices", agreement_id=str(trade.agreement_id)))["items"] == []

    await process.minutes_pass(context)
    assert (await read(buyer, record))["status"] == "credited"
    closed = await finance.post(closes_of(trade), json=TERMINATION, headers=key)
    assert closed.status_code == 201, closed.text
    invoice = closed.json()["invoice"]
    assert (closed.json()["close_reason"], invoice["total"]["amount"]) == ("termination", "101.00")
    seen = await read(buyer, record)
    assert (seen["credit"]["period_no"], seen["period_no"]) == (1, 1)
    (bill,) = (await read(buyer, "/v1/invoices", agreement_id=seen["agreement_id"]))["items"]
    assert (bill["period_month"], bill["id"]) == (seen["period_month"], invoice["id"])
    (period,) = (await read(buyer, f"/v1/licences/{trade.licence_id}/usage/periods"))["items"]
    assert (period["units"]["calls"], period["confirmed_at"] is not None) == (20, True)

    async with transaction(sessions) as session:
        row = await invoices.get(session, UUID(invoice["id"]))
        await own_account(session, account)
    assert row is not None
    paid = await finance.post(
        "/v1/bank-statements",
        content=bank_statement(transfer(row), account=account),
        headers=fresh_key() | XML,
    )
    assert paid.status_code == 201, paid.text
    assert (await read(buyer, f"/v1/invoices/{invoice['id']}"))["status"] == "paid"
    assert (await read(finance, "/v1/ledger/trial-balance"))["differences"] == []
    run = (await finance.post("/v1/reconciliations", json={}, headers=fresh_key())).json()
    ours = {row.document_number, str(trade.licence_id), str(trade.agreement_id)}
    assert [item for item in run["breaks"] if any(subject in item["subject"] for subject in ours)] == []


async def test_a_close_waits_for_the_calls_that_are_being_answered(
    sessions: SessionMaker, trade_of: TradeMaker, caller: Caller, process: DyingProcess
) -> None:
    trade = await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    _, last = await process.admit(trade.licence_id, calls=2)
    await process.open(last)
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
    closing = asyncio.create_task(finance.post(closes_of(trade), json={}, headers=fresh_key()))
    await asyncio.sleep(0.3)
    assert not closing.done()
    await process.answer()
    closed = await closing
    assert closed.status_code == 201, closed.text
    assert closed.json()["invoice"]["total"]["amount"] == "100.10"


async def test_the_worker_bills_a_month_when_its_calls_are_accounted_for(
    sessions: SessionMaker,
    trade_of: TradeMaker,
    caller: Caller,
    process: DyingProcess,
    context: JobContext,
) -> None:
    trade, other = await trade_of(charges=FLAT), await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    await process.admit(trade.licence_id, calls=2)
    for each in (trade, other):
        async with transaction(sessions) as session:
            await end_month(session, each.licence_id)

    async def billed(of: Trade) -> list[str]:
        found = await read(finance, "/v1/invoices", agreement_id=str(of.agreement_id))
        return [item["total"]["amount"] for item in found["items"]]

    await jobs.bill_periods(context, {})
    assert (await billed(trade), await billed(other)) == ([], ["100.00"])
    await process.minutes_pass(context)
    await jobs.bill_periods(context, {})
    assert await billed(trade) == ["100.00"], "the fee of the month, and no call"


async def test_calls_that_come_in_between_the_end_and_its_commit_bear_no_fee_of_a_further_month(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller
) -> None:
    trade = await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    await meter(trade.licence_id, calls=3)
    async with transaction(sessions) as ending:
        await stops.place(
            ending,
            trade.buyer,
            subject_kind="agreement",
            subject_id=trade.agreement_id,
            reason="The study is done",
            final=True,
        )
        async with transaction(sessions) as session:
            await end_month(session, trade.licence_id)
        await meter(trade.licence_id, calls=2)
    answers = [
        await finance.post(closes_of(trade), json=body, headers=fresh_key()) for body in ({}, TERMINATION)
    ]
    assert [answer.status_code for answer in answers] == [201, 201], answers[1].text
    assert [answer.json()["invoice"]["total"]["amount"] for answer in answers] == ["100.15", "0.10"]
    assert answers[1].json()["period_no"] == 2
