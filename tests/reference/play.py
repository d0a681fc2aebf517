"""Plays what the reference shows: the demo's trade on a small file, and beside it what a trade does not need."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from market.demo.desk import Login
from market.demo.state import Trade
from market.demo.trade import STEPS
from tests.reference import beside
from tests.reference.recorder import Recorder, Recording, Stable

TITLES = ("城市环境空气质量小时监测", "Hourly urban air quality")
HEADER = "station_id,observed_at,pm25,temperature,humidity"
_ROWS = 24


def write_file(path: Path) -> Path:
    """A day of one station: small enough to be read in the reference."""
    rows = [
        f"S001,2026-01-30T{hour:02d}:00:00+08:00,{18 + hour % 7}.{hour % 10},{4 + hour % 9}.5,{60 + hour % 12}"
        for hour in range(_ROWS)
    ]
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


async def recorded(
    base_url: str, password: str, folder: Path, *, patient: bool = False
) -> dict[str, dict[str, Any]]:
    """The example of each operation, from a play against a fresh service.

    :param password: of the first administrator.
    :param patient: wait for what a service has after a minute only.
    """
    async with httpx.AsyncClient(base_url=base_url, timeout=60) as http:
        document = (await http.get("/schema/openapi.json")).json()
    stable = Stable("", datetime.now(UTC))
    recorder = Recorder(document, stable)

    def connect() -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=base_url, timeout=60, transport=Recording(recorder))

    trade = Trade(
        connect,
        Login("admin", "admin@market.example", password),
        write_file(folder / "air-quality.csv"),
        TITLES,
    )
    stable.mark = trade.mark
    await beside.anybody(connect)
    for step in STEPS:
        await step.run(trade)
    await beside.everybody(trade, recorder)
    if patient:
        await beside.audit_head(connect)
    return {name: recorder.found[name] for name in sorted(recorder.found)}
