"""Billing periods are calendar months: closed at their end, once, and before it only where the contract has ended."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from contracts.licences.counters import LicenceCounter
from infra import months
from infra.db import SessionMaker, transaction
from infra.jobs import JobContext
from infra.settings import Settings
from infra.stops import service as stops
from market.app import create_app
from market.metering import service as metering
from market.metering.domain import CloseReason, EarlyClose
from market.settlement.invoices import jobs
from tests.support.application import job_context, running
from tests.support.database import TestDatabase
from tests.support.metering import end_month
from tests.support.settlement import Caller, Meter, Trade, TradeMaker, callers, fresh_key

FLAT = [
    {"model": "flat", "amount": "100.00"},
    {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 10},
]
TERMINATION = {"reason": "termination", "note": "Both sides are done with it"}


def closes_of(trade: Trade) -> str:
    return f"/v1/agreements/{trade.agreement_id}/period-closes"


async def close(client: httpx.AsyncClient, trade: Trade, **body: Any) -> httpx.Response:
    return await client.post(closes_of(trade), json=body, headers=fresh_key())


async def invoices_of(client: httpx.AsyncClient, trade: Trade) -> list[Any]:
    answer = await client.get("/v1/invoices", params={"agreement_id": str(trade.agreement_id), "limit": 50})
    found: list[Any] = answer.json()["items"]
    return found


async def terminate(client: httpx.AsyncClient, trade: Trade) -> None:
    answer = await client.post(
        f"/v1/agreements/{trade.agreement_id}/termination", json={"reason": "Nothing more is needed"}
    )
    assert answer.status_code == 201, answer.text


async def over(sessions: SessionMaker, trade: Trade) -> None:
    """The month that the trade is in ends now."""
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)


async def months_pass(database: TestDatabase, licence_id: UUID, ago: int) -> None:
    """The open period began in the middle of a month so many months ago, and nobody has closed it since."""
    await execute(
        database,
        "UPDATE licence_counters SET period_month = m.month,"
        " period_ends_at = month_ends_at(m.month, market_time_zone()),"
        " period_opened_at = month_ends_at(m.month, market_time_zone()) - interval '10 days'"
        " FROM (SELECT (month_of(now(), market_time_zone()) - make_interval(months => $2))::date AS month) m"
        " WHERE licence_id = $1",
        licence_id,
        ago,
    )


async def execute(database: TestDatabase, statement: str, *values: object) -> None:
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(statement, *values)
    await owner.close()


@pytest.fixture
def context(app: Litestar, sessions: SessionMaker) -> JobContext:
    return job_context(app, sessions)


async def test_three_closes_in_two_seconds_bill_nothing_before_the_month_is_over_and_say_when_it_is(
    trade_of: TradeMaker, caller: Caller
) -> None:
    trade = await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    answers = [await close(finance, trade) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert await invoices_of(finance, trade) == []
    problem = answers[0].json()
    assert problem["type"] == "urn:data-market:problem:period-not-over"
    ends_at = datetime.fromisoformat(problem["closable_from"])
    local = ends_at + timedelta(hours=8)
    assert (local.day, local.hour, local.minute) == (1, 0, 0)
    assert f"from {local.date()}" in problem["detail"]
    assert "closed by itself" in problem["remedy"]
    assert "termination or end_of_contract" in problem["remedy"]
    chinese = (
        await finance.post(closes_of(trade), json={}, headers=fresh_key() | {"Accept-Language": "zh"})
    ).json()
    assert f"自{local.date()}起" in chinese["detail"]


async def test_three_closes_in_two_seconds_bill_a_month_that_is_over_once(
    sessions: SessionMaker, trade_of: TradeMaker, caller: Caller
) -> None:
    trade = await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    await over(sessions, trade)
    answers = [await close(finance, trade) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    (invoice,) = await invoices_of(finance, trade)
    assert invoice["total"]["amount"] == "100.00"
    again = await close(finance, trade, period_no=2)
    assert (again.status_code, again.json()["type"]) == (409, "urn:data-market:problem:period-not-over")


@pytest.fixture
async def second_app(settings: Settings) -> AsyncIterator[Litestar]:
    """Another process' application on the same database."""
    made = create_app(settings)
    async with running(made):
        yield made


async def test_officers_who_close_at_once_at_two_processes_get_the_same_period(
    app: Litestar, second_app: Litestar, sessions: SessionMaker, trade_of: TradeMaker, meter: Meter
) -> None:
    trade = await trade_of(charges=FLAT)
    await meter(trade.licence_id, calls=30)
    async with callers(app, sessions) as first, callers(second_app, sessions) as second:
        officers = [await first(trade.finance), await second(trade.finance)]
        await over(sessions, trade)
        answers = await asyncio.gather(*(close(officers[place % 2], trade) for place in range(6)))
        assert [answer.status_code for answer in answers] == [201] * 6
        assert all(answer.json() == answers[0].json() for answer in answers)
        assert len(await invoices_of(officers[0], trade)) == 1


async def test_a_contract_that_goes_on_is_not_closed_early_whatever_the_reason(
    trade_of: TradeMaker, caller: Caller
) -> None:
    trade = await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    for reason, told in (
        ("termination", "has not been terminated"),
        ("end_of_contract", "has not ended: it runs until"),
    ):
        refused = await close(finance, trade, reason=reason, note="The buyer is done")
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "urn:data-market:problem:period-not-over",
        )
        assert told in refused.json()["detail"]
        assert f"POST /v1/agreements/{trade.agreement_id}/termination" in refused.json()["remedy"]
    for half in ({"reason": "termination"}, {"note": "The buyer is done"}):
        assert (await close(finance, trade, **half)).status_code == 422
    assert await invoices_of(finance, trade) == []


async def test_what_the_refusal_advises_closes_the_last_period_of_a_contract_once(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller, context: JobContext
) -> None:
    trade = await trade_of(charges=FLAT)
    await meter(trade.licence_id, calls=30)
    finance, buyer = await caller(trade.finance), await caller(trade.buyer)
    await terminate(buyer, trade)
    assert (await close(finance, trade)).status_code == 409
    answers = await asyncio.gather(*(close(finance, trade, **TERMINATION) for _ in range(4)))
    answers += [await close(finance, trade, **TERMINATION), await close(finance, trade)]
    assert [answer.status_code for answer in answers] == [201] * 6
    assert all(answer.json() == answers[0].json() for answer in answers)
    closed = answers[0].json()
    assert (closed["close_reason"], closed["close_note"]) == ("termination", "Both sides are done with it")
    assert closed["invoice"]["total"]["amount"] == "101.00", (
        "the fee of a month that was begun is due in full"
    )
    nothing = await close(finance, trade, period_no=2)
    assert (nothing.status_code, nothing.json()["type"]) == (409, "urn:data-market:problem:period-not-open")
    assert "period 1 was its last" in nothing.json()["detail"]
    await jobs.bill_periods(context, {})
    assert len(await invoices_of(finance, trade)) == 1
    licence = (await buyer.get(f"/v1/licences/{trade.licence_id}")).json()
    assert (licence["period_month"], licence["period_to"]) == (None, None)


async def test_a_term_that_is_over_is_an_end_of_the_contract(
    sessions: SessionMaker, database: TestDatabase, trade_of: TradeMaker, caller: Caller
) -> None:
    trade = await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    await execute(
        database, "UPDATE licence_counters SET valid_until = now() WHERE licence_id = $1", trade.licence_id
    )
    closed = await close(finance, trade, reason="end_of_contract", note="The term is over")
    assert closed.status_code == 201, closed.text
    assert closed.json()["invoice"]["total"]["amount"] == "100.00"


async def test_a_contract_that_ended_before_it_began_owes_nothing(
    sessions: SessionMaker, database: TestDatabase, trade_of: TradeMaker, caller: Caller, context: JobContext
) -> None:
    trade = await trade_of(charges=FLAT)
    await execute(
        database,
        "UPDATE licence_counters SET valid_from = m.begin, period_opened_at = m.begin,"
        " period_month = month_of(m.begin, market_time_zone()), period_ends_at = m.begin + interval '10 days'"
        " FROM (SELECT now() + interval '40 days' AS begin) m WHERE licence_id = $1",
        trade.licence_id,
    )
    finance = await caller(trade.finance)
    await terminate(await caller(trade.buyer), trade)
    refused = await close(finance, trade, **TERMINATION)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:data-market:problem:period-not-open")
    assert "before its first period began" in refused.json()["detail"]
    await jobs.bill_periods(context, {})
    assert await invoices_of(finance, trade) == []


async def test_a_suspended_contract_goes_on_and_its_months_are_closed(
    sessions: SessionMaker, trade_of: TradeMaker, caller: Caller, context: JobContext
) -> None:
    trade = await trade_of(charges=FLAT)
    finance = await caller(trade.finance)
    async with transaction(sessions) as session:
        await stops.place(
            session,
            trade.operator,
            subject_kind="agreement",
            subject_id=trade.agreement_id,
            reason="Looked into",
        )
    assert (await close(finance, trade, **TERMINATION)).status_code == 409
    for _ in range(2):
        await over(sessions, trade)
        await jobs.bill_periods(context, {})
    invoices = await invoices_of(finance, trade)
    assert [(item["period_no"], item["total"]["amount"]) for item in invoices] == [
        (2, "100.00"),
        (1, "100.00"),
    ]


async def test_the_worker_closes_each_month_of_an_outage_by_itself(
    sessions: SessionMaker,
    database: TestDatabase,
    trade_of: TradeMaker,
    meter: Meter,
    caller: Caller,
    context: JobContext,
) -> None:
    trade = await trade_of(charges=FLAT)
    await meter(trade.licence_id, calls=30)
    await months_pass(database, trade.licence_id, 3)
    # The next call opens its own month before anybody has closed those before it.
    await meter(trade.licence_id, calls=11)
    await jobs.bill_periods(context, {})
    await jobs.bill_periods(context, {})
    finance, buyer = await caller(trade.finance), await caller(trade.buyer)
    invoices = (await invoices_of(finance, trade))[::-1]
    assert [(item["period_no"], item["total"]["amount"]) for item in invoices] == [
        (1, "101.00"),
        (2, "100.00"),
        (3, "100.00"),
    ]
    names = [item["period_month"] for item in invoices]
    this_month = datetime.now(UTC) + timedelta(hours=8)
    following = [months.following(date.fromisoformat(f"{name}-01")) for name in names]
    assert [months.label(month) for month in following] == [*names[1:], f"{this_month:%Y-%m}"]
    for before, after in pairwise(invoices):
        assert before["period_to"] == after["period_from"]
    for item in invoices:
        end = datetime.fromisoformat(item["period_to"]) + timedelta(hours=8)
        assert (end.day, end.hour, end.minute, end.second, end.microsecond) == (1, 0, 0, 0, 0)
    usage = f"/v1/licences/{trade.licence_id}/usage"
    periods = (await buyer.get(f"{usage}/periods")).json()["items"]
    assert [(item["period_no"], item["closed"], item["units"]["calls"]) for item in periods] == [
        (4, False, 11),
        (3, True, 0),
        (2, True, 0),
        (1, True, 30),
    ]
    licence = (await buyer.get(f"/v1/licences/{trade.licence_id}")).json()
    assert (licence["period_no"], licence["period_month"]) == (4, periods[0]["period_month"])
    assert licence["period_from"] == periods[1]["period_to"]
    first = (await buyer.get(f"{usage}/periods", params={"limit": 3})).json()
    rest = (await buyer.get(f"{usage}/periods", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == periods
    assert rest["next_cursor"] is None


async def test_officers_close_the_months_of_an_outage_in_their_order(
    database: TestDatabase, trade_of: TradeMaker, caller: Caller
) -> None:
    trade = await trade_of(charges=FLAT)
    await months_pass(database, trade.licence_id, 3)
    finance = await caller(trade.finance)
    skipped = await close(finance, trade, period_no=2)
    assert (skipped.status_code, skipped.json()["type"]) == (409, "urn:data-market:problem:period-not-open")
    assert skipped.json()["remedy"] == "Close period 1 first."
    numbers = [(await close(finance, trade)).json()["period_no"] for _ in range(5)]
    assert numbers == [1, 2, 3, 3, 3]


async def test_the_months_after_a_contract_ended_are_not_billed(
    sessions: SessionMaker, database: TestDatabase, trade_of: TradeMaker, caller: Caller, context: JobContext
) -> None:
    trade = await trade_of(charges=FLAT)
    await months_pass(database, trade.licence_id, 5)
    await execute(
        database,
        "UPDATE licence_counters SET valid_until = period_ends_at + interval '3 days' WHERE licence_id = $1",
        trade.licence_id,
    )
    await jobs.bill_periods(context, {})
    invoices = await invoices_of(await caller(trade.finance), trade)
    assert [item["period_no"] for item in invoices] == [2, 1]
    async with transaction(sessions) as session:
        assert await metering.get_open_period(session, trade.licence_id) is None


async def test_one_agreement_that_cannot_be_billed_holds_no_other_back(
    sessions: SessionMaker,
    database: TestDatabase,
    trade_of: TradeMaker,
    caller: Caller,
    context: JobContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trades = [await trade_of(charges=FLAT) for _ in range(5)]
    for trade in trades:
        await months_pass(database, trade.licence_id, 2)
    # The plan of the first is gone; and there are more agreements than are looked at in one go.
    broken = min(trades, key=lambda trade: trade.agreement_id)
    monkeypatch.setattr(jobs, "_AT_ONCE", 1)
    for trade in trades:
        async with transaction(sessions) as session:
            await metering.cut_periods(session, trade.licence_id)
    await execute(
        database,
        "INSERT INTO usage_purposes SELECT licence_id, 1, 'no_such_purpose', 0, 0, 0 FROM licence_counters"
        " WHERE licence_id = $1",
        broken.licence_id,
    )
    with pytest.raises(jobs.PeriodsNotBilled, match=f"1, among them {broken.agreement_id}/1"):
        await jobs.bill_periods(context, {})
    finance = await caller(trades[0].finance)
    billed = {trade.agreement_id: len(await invoices_of(finance, trade)) for trade in trades}
    assert billed == {trade.agreement_id: 0 if trade is broken else 2 for trade in trades}
    await execute(database, "DELETE FROM usage_purposes WHERE purpose = 'no_such_purpose'")


async def test_the_database_takes_no_second_period_of_a_month(
    sessions: SessionMaker, database: TestDatabase, trade_of: TradeMaker
) -> None:
    trade = await trade_of(charges=FLAT)
    await over(sessions, trade)
    async with transaction(sessions) as session:
        assert await metering.cut_periods(session, trade.licence_id) == 1
        counter = await session.get(LicenceCounter, trade.licence_id)
    assert counter is not None
    await execute(
        database,
        "UPDATE licence_counters SET period_month = (SELECT month FROM usage_periods WHERE licence_id = $1),"
        " period_ends_at = now() WHERE licence_id = $1",
        trade.licence_id,
    )
    async with sessions() as session:
        with pytest.raises(sa.exc.IntegrityError, match="licence_id_month"):
            await metering.cut_periods(
                session, trade.licence_id, EarlyClose(CloseReason.TERMINATION, "A month is billed once")
            )
    await execute(
        database,
        "UPDATE licence_counters SET period_month = $2, period_ends_at = $3 WHERE licence_id = $1",
        trade.licence_id,
        counter.period_month,
        counter.period_ends_at,
    )
