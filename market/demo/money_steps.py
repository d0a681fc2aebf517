"""Steps 9 to 11: the last period is closed and paid, finance reconciles, the regulator stops a contract."""

from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic

from market.demo import breaks
from market.demo.bank import Receipt, camt053_for
from market.demo.buying_steps import conclude, data_call, refusal
from market.demo.desk import StepFailed, expect
from market.demo.state import Trade
from pricing.money import Money

PLATFORM_ACCOUNT = "6222000000000001"


async def settle(trade: Trade) -> list[str]:
    """Step 9: bank account, end of the contract and so of its last period, invoice, bank statement, split."""
    finance, buyer = trade.desks["finance"], trade.desks["buyer"]
    trade.breaks_before = (await finance.post("/v1/reconciliations", {}))["breaks"]
    await _own_account(trade)
    agreement = f"/v1/agreements/{trade.made['agreement_id']}"
    await buyer.post(f"{agreement}/termination", {"reason": "The study is done (demo)"})
    closed = await finance.post(
        f"{agreement}/period-closes", {"reason": "termination", "note": "The buyer's study is done (demo)"}
    )
    invoice = closed["invoice"]
    trade.made["invoice_id"] = invoice["id"]
    seen = await buyer.get(f"/v1/invoices/{invoice['id']}")
    total = Money.from_decimal(Decimal(seen["total"]["amount"]), "CNY")
    statements = await finance.get("/v1/bank-statements", account=PLATFORM_ACCOUNT, limit=1)
    moment = datetime.now(UTC)
    opening, covers_from = Money(0, "CNY"), moment.replace(hour=0, minute=0, second=0, microsecond=0)
    for last in statements["items"]:
        # The demo's bank goes on where its last statement ended.
        opening = Money.from_decimal(Decimal(last["closing"]["amount"]), "CNY")
        covers_from = datetime.fromisoformat(last["covers_to"] or last["imported_at"])
    document = camt053_for(
        [Receipt(total, seen["payment_reference"], "Demo Environmental Services Ltd", f"IN{trade.mark}")],
        statement_id=f"DEMO-{trade.mark}",
        account=PLATFORM_ACCOUNT,
        opening=opening,
        moment=moment,
        covers_from=covers_from,
    )
    await finance.send("/v1/bank-statements", document, media_type="application/xml")
    paid = await buyer.get(f"/v1/invoices/{invoice['id']}")
    if paid["status"] != "paid":
        raise StepFailed(f"The invoice is {paid['status']} after its payment was imported.")
    split = ", ".join(f"{share['party']} ¥{share['amount']['amount']}" for share in paid["split"])
    lines = [
        f"{line['quantity']:,} {line['metric']} at ¥{line['unit_price']}: ¥{line['amount']['amount']}"
        for line in seen["lines"]
    ]
    return [
        f"the buyer ended the contract, so its last period is closed before {closed['period_month']} is over",
        f"invoice {seen['number']}: {'; '.join(lines)}; total ¥{seen['total']['amount']}",
        f"paid by bank transfer: camt.053 statement imported, reference {seen['payment_reference']} matched",
        f"revenue split to the last fen: {split}",
    ]


async def _own_account(trade: Trade) -> None:
    """Have the platform's bank account registered by finance and confirmed by the administrator, once."""
    finance = trade.desks["finance"]
    active = await finance.get("/v1/bank-accounts", status="active", limit=200)
    if any(
        account["account_number"] == PLATFORM_ACCOUNT and account["for_invoices"]
        for account in active["items"]
    ):
        return
    account = await finance.post(
        "/v1/bank-accounts",
        {
            "account_number": PLATFORM_ACCOUNT,
            "currency": "CNY",
            "bank_name_zh": "示范银行示范市支行",
            "bank_name_en": "Demo Bank, Demo City Branch",
            "cnaps": "102290000001",
            "holder_zh": "示范数据交易平台",
            "holder_en": "Demo Market Platform",
        },
    )
    await trade.desks["officer"].post(f"/v1/bank-accounts/{account['id']}/confirmation")


async def reconcile(trade: Trade) -> list[str]:
    """Step 10: everything of this trade matched; what stood before it is told, with what to do, and holds nothing up.

    :raises StepFailed: this trade left a break.
    """
    result = await trade.desks["finance"].post("/v1/reconciliations", {})
    if new := breaks.arisen(trade.breaks_before, result["breaks"]):
        raise StepFailed("This trade left a break: " + "; ".join(breaks.told(new)))
    counted = ((result[name], name.replace("_", " ")) for name in ("statement_lines", "invoices", "postings"))
    figures = ", ".join(f"{number} {name}" for number, name in counted)
    if not result["breaks"]:
        return [f"{figures}: all matched, no break, trial balance zero"]
    return [
        f"{figures}: everything of this trade matched",
        f"breaks that stood before this trade, and stand still: {len(result['breaks'])}",
        *breaks.told(result["breaks"]),
    ]


async def supervise(trade: Trade) -> list[str]:
    """Step 11: the whole file of the contract that ended; suspension, refusal, reinstatement of the next one."""
    regulator = trade.desks["regulator"]
    file = await regulator.get(f"/v1/supervision/contracts/{trade.made['agreement_id']}")
    agreement = (await conclude(trade))["id"]
    async with trade.connect() as http:
        before = await data_call(http, trade, limit=1)
        expect(before)
        await regulator.post(
            f"/v1/contract-reviews/{agreement}/suspension", {"reason": "Use is being looked into (demo)"}
        )
        stopped = monotonic()
        refused = await data_call(http, trade, limit=1)
        took = monotonic() - stopped
        if refused.is_success:
            raise StepFailed("A call was answered after the contract had been suspended.")
        await regulator.post(
            f"/v1/contract-reviews/{agreement}/reinstatement", {"reason": "Nothing was found (demo)"}
        )
        expect(await data_call(http, trade, limit=1))
    await regulator.post(f"/v1/contract-reviews/{agreement}", {"note": "Use is within the purpose"})
    used = file["usage"]["units"]
    money = file["invoices"][0]["total"]["amount"]
    return [
        f"the regulator sees the whole file: {used['calls']} calls, {used['rows']:,} rows, ¥{money}",
        (
            f"the buyer's next contract suspended: the next call, {took * 1000:.0f} ms later, is refused "
            f"({refusal(refused)})"
        ),
        "suspension lifted: calls are answered again",
    ]
