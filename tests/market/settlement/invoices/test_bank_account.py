"""An invoice says whom and where to pay, and what its parties are called, as it was when it was issued."""

from typing import Any

import httpx
import sqlalchemy as sa
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.identity.tables import Organisation
from market.metering import service as metering
from tests.support.metering import end_month
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.settlement import Caller, Meter, Trade, TradeMaker, fresh_key

# Currencies that no other test pays in, so that whatever account others register is named here nowhere.
HOME, ABROAD = "CHF", "NOK"


async def an_account(app: Litestar, sessions: SessionMaker, number: str, **changes: Any) -> dict[str, Any]:
    """An account registered by one officer and confirmed by another, over HTTP."""
    home = await make_organisation(sessions, OrganisationKind.PLATFORM)
    first, second = [
        await sign_in(app, (await make_person(sessions, home, [Role.FINANCE_OFFICER])).email)
        for _ in range(2)
    ]
    registered = await first.post(
        "/v1/bank-accounts",
        json={
            "account_number": number, "currency": HOME, "bank_name_zh": "示范银行上海分行",
            "bank_name_en": "Demo Bank, Shanghai", "bic": "BKCHCNBJ300", "holder_zh": "示范数据交易平台",
            "holder_en": "Demo Market Platform", **changes,
        },
    )  # fmt: skip
    assert registered.status_code == 201, registered.text
    confirmed = await second.post(f"/v1/bank-accounts/{registered.json()['id']}/confirmation")
    assert confirmed.status_code == 200, confirmed.text
    for client in (first, second):
        await client.aclose()
    body: dict[str, Any] = confirmed.json()
    return body


async def billed(
    sessions: SessionMaker, finance: httpx.AsyncClient, trade: Trade, meter: Meter
) -> dict[str, Any]:
    await meter(trade.licence_id, calls=30)
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
        await metering.cut_periods(session, trade.licence_id)
    answer = await finance.post(
        f"/v1/agreements/{trade.agreement_id}/period-closes", json={}, headers=fresh_key()
    )
    assert answer.status_code == 201, answer.text
    invoice: dict[str, Any] = answer.json()["invoice"]
    return invoice


async def test_an_invoice_keeps_the_account_and_the_names_of_its_day(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller, app: Litestar
) -> None:
    account = await an_account(app, sessions, f"62{new_id().int % 10**17:017}")
    trade = await trade_of(currency=HOME)
    finance, buyer = await caller(trade.finance), await caller(trade.buyer)
    invoice = await billed(sessions, finance, trade, meter)
    path = f"/v1/invoices/{invoice['id']}"
    seen = (await buyer.get(path)).json()
    listed = (await buyer.get("/v1/invoices")).json()["items"][0]
    for shown in (invoice, seen, listed):
        assert shown["payee"] == {"zh": "示范数据交易平台", "en": "Demo Market Platform"}
        assert shown["bank_account"] == shown["pay_to"]
        assert shown["bank_account"]["account_number"] == account["account_number"]
        assert shown["bank_account"]["bic"] == "BKCHCNBJ300"
        assert shown["buyer_name"] == {"zh": "测试buyer", "en": "Test buyer"}
        assert shown["operator_name"] == {"zh": "测试operator", "en": "Test operator"}

    async with transaction(sessions) as session:
        await session.execute(
            sa.update(Organisation)
            .where(sa.column("id") == trade.buyer.organisation_id)
            .values(name_zh="改名公司", name_en="Renamed")
        )
    better = await an_account(app, sessions, account["account_number"], cnaps="102290000001")
    later = (await buyer.get(path)).json()
    assert later["buyer_name"] == {"zh": "测试buyer", "en": "Test buyer"}
    assert (later["bank_account"], later["digest"]) == (seen["bank_account"], seen["digest"])
    assert (later["pay_to"]["id"], later["pay_to"]["cnaps"]) == (better["id"], "102290000001")
    following = await billed(sessions, finance, trade, meter)
    assert following["buyer_name"] == {"zh": "改名公司", "en": "Renamed"}
    assert following["bank_account"]["id"] == better["id"]
    closed = await finance.post(
        f"/v1/bank-accounts/{better['id']}/closure", json={"reason": "Bank has closed it"}
    )
    assert closed.status_code == 200
    assert (await buyer.get(path)).json()["pay_to"] is None


async def test_without_an_account_the_invoice_is_issued_and_tells_it_once_there_is_one(
    sessions: SessionMaker, trade_of: TradeMaker, meter: Meter, caller: Caller, app: Litestar
) -> None:
    trade = await trade_of(currency=ABROAD)
    finance, buyer = await caller(trade.finance), await caller(trade.buyer)
    invoice = await billed(sessions, finance, trade, meter)
    assert (invoice["status"], invoice["bank_account"], invoice["pay_to"], invoice["payee"]) == (
        "issued", None, None, None,
    )  # fmt: skip
    account = await an_account(app, sessions, f"NO{new_id().int % 10**12:012}", currency=ABROAD)
    seen = (await buyer.get(f"/v1/invoices/{invoice['id']}")).json()
    assert (seen["bank_account"], seen["pay_to"]["id"]) == (None, account["id"])
    supervised = await finance.get("/v1/invoices", params={"agreement_id": str(trade.agreement_id)})
    assert supervised.json()["items"][0]["pay_to"]["holder_en"] == "Demo Market Platform"
