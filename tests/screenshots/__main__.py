"""``python -m tests.screenshots [FOLDER]``: pictures of the quality report, taken by a browser from a running service.

The demo is played, and then its operator uploads three more revisions, one of them bad. Needs ``chromium`` and a font
with Chinese characters (on Debian: ``apt-get install chromium fonts-noto-cjk``). FOLDER is docs/images by default.
"""

import asyncio
import csv
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from market.demo.city_data import write_city_air_quality
from market.demo.desk import Desk, Login
from tests.support.network import free_port
from tests.support.running_market import RunningMarket

IMAGES = Path(__file__).parents[2] / "docs" / "images"
BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def spoil(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The rows with what a bad delivery looks like: codes broken, values blank, hours repeated, a station lost."""
    chance = random.Random(7)
    kept = [dict(row) for row in rows if row["station_id"] != rows[0]["station_id"]]
    for row in kept:
        if chance.random() < 0.2:
            row["station_id"] = "??" + row["station_id"][2:]
        if chance.random() < 0.35:
            row["pm25"] = ""
        if chance.random() < 0.1:
            row["humidity"] = "140"
    return kept + kept[: len(kept) // 30]


def write_revisions(folder: Path) -> list[Path]:
    """Three more files: a good one, a bad one, a good one."""
    made = []
    with write_city_air_quality(folder / "first.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, content in enumerate((rows[:-48], spoil(rows), rows[:-24]), start=2):
        path = folder / f"{number}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(content)
        made.append(path)
    return made


async def measured(market: RunningMarket, folder: Path) -> dict[int, str]:
    """Upload the files as the demo's operator, wait for their checks, and save the page of each revision."""
    facts = market.facts()
    product_id, person = facts["product_id"], facts["people"]["operator"]

    def connect() -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=market.base_url, timeout=60)

    operator = await Desk.sign_in(connect, Login("operator", person["email"], person["password"]))
    path = f"/v1/products/{product_id}/revisions"
    for file in write_revisions(folder):
        await operator.send(
            path, file.read_bytes(), media_type="application/octet-stream", filename=file.name
        )
        while (await operator.get(path))["items"][0]["quality"] == "checking":
            await asyncio.sleep(0.2)
    revisions: list[dict[str, Any]] = (await operator.get(path))["items"]
    for revision in revisions:
        for language in ("zh", "en"):
            page = await operator.http.get(
                f"/v1/revisions/{revision['id']}/quality-report.html", params={"lang": language}
            )
            (folder / f"{revision['number']}-{language}.html").write_bytes(page.content)
    await operator.leave()
    return {revision["number"]: revision["quality"] for revision in revisions}


def photograph(address: str, target: Path, width: int, height: int) -> None:
    """Have the browser save what it shows of a page."""
    subprocess.run(
        [*BROWSER, f"--window-size={width},{height}", f"--screenshot={target}", address],
        check=True,
        capture_output=True,
        timeout=120,
    )


def main(images: Path) -> None:
    """Take the pictures."""
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="market-screenshots-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        market = RunningMarket(folder / "var", free_port(), folder / "log", {})
        try:
            market.start()
            sys.stdout.write(f"revisions: {asyncio.run(measured(market, folder))}\n")
            public = f"{market.base_url}/v1/catalogue/{market.facts()['product_id']}/quality-report.html"
            photograph(f"{public}?lang=zh", images / "quality-report-zh.png", 960, 1180)
            photograph(f"{public}?lang=en", images / "quality-report-en.png", 960, 1180)
            photograph(f"file://{folder}/3-zh.html", images / "quality-refused-zh.png", 960, 1500)
            photograph(f"file://{folder}/3-en.html", images / "quality-refused-en.png", 960, 1500)
            photograph(f"file://{folder}/3-zh.html", images / "quality-narrow-zh.png", 500, 1200)
        finally:
            if market.child is not None:
                market.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
