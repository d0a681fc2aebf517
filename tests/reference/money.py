"""Accounts and money that the trade does not see: a gap in the statements, a payment without a reference."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from market.demo.bank import Receipt, camt053_for
from market.demo.desk import Desk, Login, expect
from market.demo.money_steps import PLATFORM_ACCOUNT
from market.demo.state import Trade
from pricing.money import Money
from tests.reference.acting import REASON


async def accounts(trade: Trade) -> None:
    admin, finance = trade.desks["admin"], trade.desks["finance"]
    body = {
        "account_number": "6222000000000002",
        "currency": "CNY",
        "bank_name_zh": "示范银行",
        "bank_name_en": "Demo Bank",
        "holder_zh": "示范数据交易平台",
        "holder_en": "Demo Market Platform",
        "for_invoices": False,
    }
    account = await finance.post("/v1/bank-accounts", body)
    await admin.post(f"/v1/bank-accounts/{account['id']}/confirmation")
    await admin.post(f"/v1/bank-accounts/{account['id']}/closure", REASON)
    await _misdirected(trade)


async def _misdirected(trade: Trade) -> None:
    """Money without a reference: said to be somebody else's, then sent back; and a refund of the invoice by bank."""
    finance = trade.desks["finance"]
    home = f"/v1/organisations/{finance.organisation_id}"
    email, password = f"cashier-{trade.mark}@market.example", "four sparrows share the window sill"
    invited = await finance.post(f"{home}/invitations", {"email": email, "roles": ["finance_officer"]})
    handed = await finance.post(
        f"{home}/invitations/{invited['id']}/hand-over", {"identification": "Identity card seen"}
    )
    async with trade.connect() as http:
        chosen = {"token": handed["token"], "name": "Zhao Min", "password": password}
        expect(await http.post("/v1/invitations/acceptance", json=chosen))
    second = await Desk.sign_in(trade.connect, Login("cashier", email, password))
    last = (await finance.get("/v1/bank-statements", limit=1))["items"][0]["closing"]["amount"]
    document = camt053_for(
        [Receipt(Money(500, "CNY"), "no reference", "Example Trading Ltd", f"XX{trade.mark}")],
        statement_id=f"SECOND-{trade.mark}",
        account=PLATFORM_ACCOUNT,
        opening=Money.from_decimal(Decimal(last), "CNY"),
        moment=datetime.now(UTC),
    )
    await finance.send("/v1/bank-statements", document, media_type="application/xml")
    await _gap(finance, trade.mark)
    [entry] = (await finance.get("/v1/bank-entries", status="suspense"))["items"]
    path = f"/v1/bank-entries/{entry['id']}"
    match = {"parts": [{"kind": "other"}], "replaces": entry["match_id"], **REASON}
    matched = await finance.post(f"{path}/matches", match)
    await finance.post(f"{path}/matches", {"parts": [], "replaces": matched["match_id"], **REASON})
    payee = {"payee": {"name": "Example Trading Ltd", "account": "6222021001012345678"}, **REASON}
    for decision in ("rejection", "approval"):
        asked = await finance.post(f"{path}/refunds", payee)
        await second.post(
            f"/v1/refunds/{asked['id']}/{decision}", REASON if decision == "rejection" else None
        )
    await finance.post(f"/v1/refunds/{asked['id']}/withdrawal", REASON)
    await finance.post(f"/v1/invoices/{trade.made['invoice_id']}/bank-refunds", payee)
    await second.leave()


async def _gap(finance: Desk, mark: str) -> None:
    """A statement that does not follow on the last: refused until officers have looked at what is missing."""
    document = camt053_for(
        [],
        statement_id=f"LATER-{mark}",
        account=PLATFORM_ACCOUNT,
        opening=Money(99_900, "CNY"),
        moment=datetime.now(UTC) + timedelta(minutes=1),
    )
    headers = {**finance._headers(), "Content-Type": "application/xml"}
    refused = await finance.http.post("/v1/bank-statements", content=document, headers=headers)
    review = refused.json()["review_id"]
    await finance.post(f"/v1/bank-statement-reviews/{review}/approvals", REASON)
