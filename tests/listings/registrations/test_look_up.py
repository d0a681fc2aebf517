"""Codes follow one another: nobody walks through all of them."""

import asyncio
import secrets
from collections import Counter

import httpx
from litestar import Litestar

from infra.identity.domain import LOOK_UPS_OF_SOURCE
from listings.registrations.domain import make_code
from tests.support.problems import slug


async def test_one_network_looks_up_a_few_and_others_go_on(app: Litestar, client: httpx.AsyncClient) -> None:
    def at(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=(address, 40_000))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=client.base_url)

    codes = [make_code(2026, 90_000_000 + number) for number in range(LOOK_UPS_OF_SOURCE.burst + 40)]
    network = f"10.{secrets.randbelow(200)}.{secrets.randbelow(200)}"
    async with at(f"{network}.7") as walker, at("192.0.2.200") as somebody:
        answers = []
        for begin in range(0, len(codes), 20):
            batch = (walker.get(f"/v1/registrations/{code}") for code in codes[begin : begin + 20])
            answers += await asyncio.gather(*batch)
        found = Counter(answer.status_code for answer in answers)
        assert set(found) == {404, 429}
        assert LOOK_UPS_OF_SOURCE.burst <= found[404] < len(codes) - 5
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert slug(refused.json()) == "too-many-attempts-from-network"
        # The remedy: wait for as long as it says.
        await asyncio.sleep(int(refused.headers["retry-after"]) + 0.1)
        assert (await walker.get(f"/v1/registrations/{codes[0]}")).status_code == 404
        assert (await somebody.get(f"/v1/registrations/{codes[0]}")).status_code == 404
