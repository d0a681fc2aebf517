"""Steps 7 and 8: the buyer orders, both sides sign, and every call is metered or refused."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import httpx

from infra.db import new_id
from market.demo.desk import StepFailed, expect
from market.demo.listing_steps import program_token
from market.demo.state import CALLS, Trade


async def contract(trade: Trade) -> list[str]:
    """Step 7: search, quote, order, signatures of both sides, licence."""
    buyer = trade.desks["buyer"]
    product_id = trade.made["product_id"]
    found = await buyer.get("/v1/catalogue", q=trade.titles[0][:4])
    if product_id not in [item["id"] for item in found["items"]]:
        raise StepFailed("The catalogue does not find the product.")
    shown = await buyer.get(f"/v1/catalogue/{product_id}")
    quote = await buyer.post(
        f"/v1/products/{product_id}/quotes",
        {"units": {"calls": CALLS, "rows": CALLS * trade.page}, "purpose": "industry"},
    )
    order = await conclude(trade)
    return [
        (
            f"searched 「{trade.titles[0][:4]}」, saw a sample of {len(shown['sample'])} rows "
            f"and grade {shown['quality']['grade']}"
        ),
        f"quote for {CALLS} calls of {trade.page} rows: ¥{quote['total']['amount']}",
        (
            f"both sides signed SHA-256 {order['digest'][:16]}…; licence JWT (EdDSA) for "
            f"{len(order['document']['columns'])} of {len(trade.columns)} columns, purpose industry, "
            f"{order['document']['quotas']['rows']:,} rows"
        ),
    ]


async def conclude(trade: Trade) -> Any:
    """Order the product for a year, sign for both sides and take a licence token; answers the agreement."""
    buyer, operator = trade.desks["buyer"], trade.desks["operator"]
    left = min(15 * trade.page, max(trade.rows - 1, 1))
    order = await buyer.post(
        "/v1/agreements",
        {
            "product_id": trade.made["product_id"],
            "columns": trade.columns[:-1] or trade.columns,
            "purposes": ["industry"],
            "scenarios": ["environmental_services"],
            "regions": ["310000"],
            "purpose_statement": "Advice to industry on the siting of plants",
            "valid_until": (datetime.now(UTC) + timedelta(days=365)).isoformat(),
            "quotas": {"rows": CALLS * trade.page + left},
        },
    )
    trade.made["agreement_id"] = order["id"]
    signature = {"digest": order["digest"]}
    await operator.post(f"/v1/agreements/{order['id']}/signatures", signature)
    signed = await buyer.post(f"/v1/agreements/{order['id']}/signatures", signature)
    trade.made["licence_id"] = signed["licence_id"]
    trade.made["token"] = await _licence_token(trade)
    return order


async def _licence_token(trade: Trade) -> Any:
    access = await program_token(trade)
    async with trade.connect() as http:
        answer = await http.post(
            f"/v1/licences/{trade.made['licence_id']}/tokens",
            headers={"Authorization": f"Bearer {access['access_token']}"},
        )
        return expect(answer)["access_token"]


async def calls(trade: Trade) -> list[str]:
    """Step 8: metered calls, the refusals, and a repeated one."""
    async with trade.connect() as http:
        cursor, rows, times = None, 0, []
        for _ in range(CALLS):
            started = monotonic()
            answer = await data_call(http, trade, limit=trade.page, cursor=cursor)
            times.append(monotonic() - started)
            body = expect(answer)
            rows += len(body["items"])
            cursor = body["next_cursor"]
        key = str(new_id())
        usage = trade.desks["buyer"].get(f"/v1/licences/{trade.made['licence_id']}")
        if (counted := (await usage)["used"]["rows"]) != rows:
            raise StepFailed(f"{rows} rows were answered and {counted} metered.")
        refusals = [
            ("over quota", await data_call(http, trade, limit=1000)),
            ("a column the licence does not cover", await data_call(http, trade, select=trade.columns[-1])),
            ("another purpose", await data_call(http, trade, limit=1, purpose="public_welfare")),
            ("another region", await data_call(http, trade, limit=1, region="440000")),
            ("a tampered token", await data_call(http, trade, limit=1, token=_tampered(trade.made["token"]))),
        ]
        first = await data_call(http, trade, limit=1, key=key)
        again = await data_call(http, trade, limit=1, key=key)
        if first.json() != again.json():
            raise StepFailed("A repeated call was answered otherwise.")
    told = [f"{name}: {refusal(answer)}" for name, answer in refusals if _refused(name, answer, trade)]
    return [
        f"{CALLS} calls, {rows:,} rows: answered = metered, median {sorted(times)[len(times) // 2] * 1000:.1f} ms",
        *told,
        "the same call with the same Idempotency-Key: the same answer, billed once",
    ]


async def data_call(
    http: httpx.AsyncClient,
    trade: Trade,
    *,
    limit: int = 1,
    cursor: str | None = None,
    select: str | None = None,
    purpose: str = "industry",
    region: str = "310000",
    token: str | None = None,
    key: str | None = None,
) -> httpx.Response:
    """One call of the data API; 1 row, for industry in Shanghai, unless said otherwise."""
    parameters = {"limit": limit, "cursor": cursor, "select": select}
    headers = {
        "Authorization": f"Bearer {token or trade.made['token']}",
        "Data-Purpose": purpose,
        "Data-Region": region,
    }
    if key is not None:
        headers["Idempotency-Key"] = key
    return await http.get(
        f"/data/{trade.made['product_id']}/records",
        params={name: value for name, value in parameters.items() if value is not None},
        headers=headers,
    )


def _tampered(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{('B' if signature[0] == 'A' else 'A') + signature[1:]}"


def _refused(name: str, answer: httpx.Response, trade: Trade) -> bool:
    if name.startswith("a column") and len(trade.columns) == 1:
        return False
    if name == "over quota" and trade.rows < 2:
        return False
    if answer.is_success:
        raise StepFailed(f"A call with {name} was answered.")
    return True


def refusal(answer: httpx.Response) -> str:
    """Status and title of a problem document."""
    return f"{answer.status_code} {answer.json()['title']}"
