"""Products of the played trade's people on a running service: listed, ordered and called like the demo's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from market.demo import listing_steps
from market.demo.desk import Desk, Login
from market.demo.state import Trade
from tests.support.running_market import RunningMarket

PEOPLE = ("owner", "authority", "operator", "regulator", "buyer", "finance")


def connection(market: RunningMarket) -> Callable[[], httpx.AsyncClient]:
    """What opens clients of the service."""
    return lambda: httpx.AsyncClient(base_url=market.base_url, timeout=60)


@asynccontextmanager
async def desks(market: RunningMarket) -> AsyncIterator[dict[str, Desk]]:
    """The people of the trade that the service has played, signed in."""
    people = market.facts()["people"]
    opened = {name: await Desk.sign_in(connection(market), Login(name, **people[name])) for name in PEOPLE}
    yield opened
    for desk in opened.values():
        await desk.leave()


async def listed(market: RunningMarket, people: dict[str, Desk], file: Path) -> Trade:
    """A file as a published product, on a resource and under an authorisation of its own."""
    titles = (f"公共数据 {file.stem}", f"Public data: {file.stem}")
    trade = Trade(connection(market), people["operator"].login, file, titles, desks=people)
    for step in (
        listing_steps.authority,
        listing_steps.upload,
        listing_steps.quality,
        listing_steps.price,
        listing_steps.publish,
    ):
        await step(trade)
    return trade


@dataclass(frozen=True, slots=True)
class Bought:
    """A concluded agreement and its licence.

    :ivar agreement: as it was ordered.
    :ivar token: of the licence.
    """

    agreement: dict[str, Any]
    licence_id: str
    token: str


def order_body(trade: Trade, **changes: Any) -> dict[str, Any]:
    """An order of all columns for a month, without a quota."""
    return {
        "product_id": trade.made["product_id"],
        "purposes": ["industry"],
        "scenarios": ["environmental_services"],
        "regions": ["310000"],
        "purpose_statement": "Advice to industry on the siting of plants",
        "valid_until": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    } | changes


async def buy(trade: Trade, **changes: Any) -> Bought:
    """Order, sign for both sides, and take a licence token."""
    buyer, operator = trade.desks["buyer"], trade.desks["operator"]
    order = await buyer.post("/v1/agreements", order_body(trade, **changes))
    path, signature = f"/v1/agreements/{order['id']}/signatures", {"digest": order["digest"]}
    await operator.post(path, signature)
    licence_id = (await buyer.post(path, signature))["licence_id"]
    token = await buyer.post(f"/v1/licences/{licence_id}/tokens")
    return Bought(order, licence_id, token["access_token"])
