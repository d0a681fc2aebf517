"""A revision that fails its check: its operator asks for a waiver, a regulator declines, grants and revokes it."""

import asyncio
from datetime import UTC, datetime, timedelta

from market.demo.state import Trade
from tests.reference.acting import REASON

_BAD = [
    "station_id,observed_at,pm25,temperature,humidity",
    *("S001,2026-01-30T00:00:00+08:00,99999.9,,731" for _ in range(6)),
    "",
]


async def waivers(trade: Trade) -> None:
    """All of it, on a further revision of the trade's product."""
    operator, regulator = trade.desks["operator"], trade.desks["regulator"]
    home = f"/v1/products/{trade.made['product_id']}"
    made = await operator.send(
        f"{home}/revisions",
        "\n".join(_BAD).encode(),
        media_type="application/octet-stream",
        filename="air-quality-broken.csv",
    )
    revision = f"/v1/revisions/{made['id']}"
    while (await operator.get(revision))["quality"] == "checking":
        await asyncio.sleep(0.1)
    asked = {"justification": "The station was moved; the next revision mends it 监测站搬迁，下一版本更正"}
    first = await operator.post(f"{revision}/quality-waiver-requests", asked)
    await regulator.get("/v1/quality-waiver-requests")
    await regulator.post(f"/v1/quality-waiver-requests/{first['id']}/refusal", REASON)
    await operator.post(f"{revision}/quality-waiver-requests", asked)
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    granted = await regulator.post(f"{revision}/quality-waivers", REASON | {"expires_at": until})
    await operator.get(f"{revision}/quality-waivers")
    await regulator.post(f"/v1/quality-waivers/{granted['id']}/revocation", REASON)
