"""How soon an upload has its quality report: ``python -m tests.benchmarks.bench_quality_runs``.

The service as it is run, with an API process, a worker and PostgreSQL. A file of 10,000 rows is uploaded over HTTP, and
the time is taken from the answer to the upload until the report is there: on a worker that was started with the upload,
on one whose checking process has ended, and on a warm one. Beside it, in the same run, a bare
``import great_expectations`` in a process of its own: a cold report is to come within two of them, a warm one within a
fifth of that.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from market.demo.city_data import write_city_air_quality
from market.demo.desk import Desk, Login
from tests.benchmarks.live import Live, descends, end, live, process_environment

PORT = 18463
ROWS = 10_000
PRODUCT = {
    "title_zh": "城市空气质量",
    "title_en": "Urban air",
    "description_zh": "用于测量评价时间。",
    "description_en": "To measure what a check takes.",
    "themes": ["environment"],
    "update_frequency": "hourly",
}
_POLL_SECONDS = 0.02
_REPORT_SECONDS = 120.0


@contextmanager
def working(installation: Live) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, from its start."""
    with (installation.settings.data_dir / "logs" / "bench-worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "market.cli", "worker"],
            env=process_environment(installation.settings),
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        end(process, signal.SIGTERM)


def bare_import() -> float:
    """Seconds of a bare import of the library, interpreter included."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import great_expectations"], check=True, capture_output=True)
    return time.perf_counter() - began


def checking_process(worker: int) -> int:
    """The checking process of a worker."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and descends(int(folder.name), [worker]):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"quality.engine.child" in words:
                return int(folder.name)
    raise RuntimeError("The worker has no checking process.")


class Uploads:
    """Uploads of ever other rows to one product of the demo's operator."""

    def __init__(self, desk: Desk, product_id: str, lines: list[bytes]) -> None:
        self._desk = desk
        self._path = f"/v1/products/{product_id}/revisions"
        self._lines = lines
        self._begins = 1

    async def send(self) -> str:
        """Upload the next file.

        :return: the revision's id.
        """
        rows = self._lines[self._begins : self._begins + ROWS]
        assert len(rows) == ROWS
        self._begins += 100
        content = b"".join((self._lines[0], *rows))
        made = await self._desk.send(
            self._path, content, media_type="application/octet-stream", filename="air.csv"
        )
        return str(made["id"])

    async def report(self, revision_id: str) -> None:
        """Wait for the report."""
        async with asyncio.timeout(_REPORT_SECONDS):
            while (run := await self._desk.get(f"/v1/revisions/{revision_id}/quality-run"))[
                "status"
            ] != "done":
                assert run["status"] in {"queued", "running"}, run
                await asyncio.sleep(_POLL_SECONDS)
        await self._desk.get(f"/v1/revisions/{revision_id}/quality-report")

    async def timed(self) -> float:
        """Seconds from the answer to an upload to its report."""
        revision_id = await self.send()
        began = time.perf_counter()
        await self.report(revision_id)
        return time.perf_counter() - began


async def uploads(installation: Live, folder: Path) -> Uploads:
    """A draft product to upload to."""
    http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", timeout=120)
    person = installation.facts["people"]["operator"]
    desk = await Desk.sign_in(lambda: http, Login("operator", person["email"], person["password"]))
    traded = await desk.get(f"/v1/products/{installation.facts['product_id']}")
    chain = {name: traded[name] for name in ("authorisation_id", "resource_id")}
    product = await desk.post("/v1/products", {**PRODUCT, **chain})
    file = await asyncio.to_thread(write_city_air_quality, folder / "air.csv", days=60)
    lines = await asyncio.to_thread(lambda: file.read_bytes().splitlines(keepends=True))
    return Uploads(desk, product["id"], lines)


async def measure(installation: Live, folder: Path, runs: int) -> dict[str, list[float]]:
    """Seconds of each kind, some of each."""
    sent = await uploads(installation, folder)
    found: dict[str, list[float]] = {"bare import": [], "worker just started": [], "cold": [], "warm": []}
    for _ in range(runs):
        found["bare import"].append(await asyncio.to_thread(bare_import))
        revision_id = await sent.send()
        began = time.perf_counter()
        with working(installation) as worker:
            await sent.report(revision_id)
            found["worker just started"].append(time.perf_counter() - began)
            await sent.timed()
            found["warm"].append(await sent.timed())
            os.kill(checking_process(worker.pid), signal.SIGKILL)
            found["cold"].append(await sent.timed())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, live(PORT) as installation, installation.serving():
        found = asyncio.run(measure(installation, Path(folder), given.runs))
    bare = statistics.median(found["bare import"])
    table = Table(
        title=f"From the answer to an upload of {ROWS:,} rows to its report; median of {given.runs}"
    )
    for heading in ("", "s", "imports", "within"):
        table.add_column(heading, justify="left" if not heading else "right")
    limits = {"worker just started": 2.0, "cold": 2.0, "warm": 0.4}
    for name, seconds in found.items():
        median = statistics.median(seconds)
        within = f"{limits[name] * bare:.1f} s" if name in limits else ""
        table.add_row(name, f"{median:.2f}", f"{median / bare:.2f}", within)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
