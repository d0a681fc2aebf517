"""What a metered call costs: ``python -m tests.benchmarks.bench_hot_path``.

In one run on one machine: the metered data call (licence checked, admitted, recorded, answered after the commit) beside
a bare Litestar handler returning the same bytes, both served as the service serves itself; and the admission alone.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import uvloop
from rich.console import Console
from rich.table import Table

from infra.db import new_id
from infra.units import UnitVector
from market.delivery.runtime import relaxed_garbage_collection
from market.metering.domain import Call, Outcome
from market.metering.group_commit import Admission
from tests.benchmarks import load
from tests.benchmarks.bare import BODY
from tests.benchmarks.live import Live, end, live, processor_seconds

CONNECTIONS = (1, 16, 64, 128)
IN_FLIGHT = 128
LICENCES = 1000
ROWS = 50
PORT, BARE_PORT = 18460, 18461

_SERVE_BARE = f"""
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
Server("tests.benchmarks.bare:application", address="127.0.0.1", port={BARE_PORT}, interface=Interfaces.ASGI, workers=1,
       loop=Loops.uvloop, factory=True, websockets=False, log_level=LogLevels.error).serve()
"""


@contextmanager
def bare_server(body: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """The yardstick's process."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(body)
        process = subprocess.Popen([sys.executable, "-c", _SERVE_BARE], env=os.environ | {BODY: file.name})
        try:
            for _ in range(200):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{BARE_PORT}/bare") as answer:
                        assert answer.read() == body
                    break
                except OSError:
                    time.sleep(0.05)
            yield process
        finally:
            end(process, signal.SIGTERM)


def compare(console: Console, site: Live, seconds: int) -> None:
    """Print the metered call beside the bare handler."""
    hot = list(asyncio.run(site.open_licences(1)).values())
    spread = list(asyncio.run(site.open_licences(LICENCES)).values())
    url = f"{site.url}?limit={ROWS}"
    with site.serving() as api:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {hot[0]}"})
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        table = Table(
            title=f"Calls a second, {ROWS} rows in {len(body):,} bytes, milliseconds; by {load.generator()}"
        )
        for heading in ("connections", "bare", "p50", "p99"):
            table.add_column(heading, justify="right")
        for heading in ("one licence", "1,000 licences"):
            for part in (heading, "p50", "p99", "of bare"):
                table.add_column(part, justify="right")
        with bare_server(body) as bare:
            bare_url = f"http://127.0.0.1:{BARE_PORT}/bare"
            for warm_up, bearers in ((bare_url, hot), (url, hot), (url, spread)):
                load.measure(warm_up, bearers, connections=16, seconds=1)
            for connections in CONNECTIONS:
                plain = load.measure(bare_url, hot, connections=connections, seconds=seconds)
                cells = [f"{connections}", f"{plain.rate:,.0f}", f"{plain.p50:.2f}", f"{plain.p99:.2f}"]
                for bearers in (hot, spread):
                    found = load.measure(url, bearers, connections=connections, seconds=seconds)
                    assert found.refused == 0
                    cells += [f"{found.rate:,.0f}", f"{found.p50:.2f}", f"{found.p99:.2f}"]
                    cells += [f"{found.rate / plain.rate:.0%}"]
                table.add_row(*cells)
            console.print(table)
            _where_the_time_goes(console, site, (bare.pid, api.pid), (bare_url, url), hot)


def _where_the_time_goes(
    console: Console, site: Live, processes: tuple[int, int], urls: tuple[str, str], hot: list[str]
) -> None:
    """Processor time a call, of each process, at 64 connections."""
    postgres = int(
        (site.settings.data_dir / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0]
    )
    table = Table("processor time a call", "microseconds", title="Where the time goes, at 64 connections")
    for label, url, watched in (
        ("bare handler: its process", urls[0], processes[0]),
        ("metered call: API process", urls[1], processes[1]),
        ("metered call: PostgreSQL", urls[1], postgres),
    ):
        before = processor_seconds([watched])
        found = load.measure(url, hot, connections=64, seconds=2)
        table.add_row(label, f"{(processor_seconds([watched]) - before) / (found.rate * 2) * 1e6:.0f}")
    console.print(table)


async def admission_alone(
    dsn: str, licences: list[UUID], *, keyed: bool, seconds: int
) -> tuple[float, float, float]:
    """Decisions a second with 128 calls in flight, and p50 and p99 in milliseconds."""
    admission = Admission(dsn)
    await admission.start()
    took: list[float] = []
    digest, revision_id, client_id = os.urandom(32), new_id(), new_id()
    tokens = {licence_id: new_id() for licence_id in licences}
    page, asked = UnitVector(calls=1, rows=ROWS, bytes=10_000), {"rows": ROWS}
    stop = time.perf_counter() + seconds

    async def caller() -> None:
        while (started := time.perf_counter()) < stop:
            record_id, licence_id = admission.answers.ids.next(), random.choice(licences)
            call = Call(
                licence_id=licence_id,
                record_id=record_id,
                key=record_id.hex if keyed else None,
                digest=digest,
                revision_id=revision_id,
                purpose="industry",
                client_id=client_id,
                token_id=tokens[licence_id],
                units=page,
                asked=asked,
            )
            decision = await admission.admit(call)
            assert decision.outcome is Outcome.ADMITTED
            admission.answers.answered(record_id)
            took.append(time.perf_counter() - started)

    with relaxed_garbage_collection():  # as in the service: what was imported since does not count
        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
        elapsed = time.perf_counter() - started
    await admission.close()
    took.sort()
    return len(took) / elapsed, took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000


def alone(console: Console, site: Live, seconds: int) -> None:
    """Print the admission function alone, group commit included, in this process."""
    table = Table(
        "licences", "Idempotency-Key", "decisions/s", "p50", "p99",
        title=f"Admission alone, {IN_FLIGHT} in flight, committed with synchronous_commit and fsync on, milliseconds",
    )  # fmt: skip
    for count in (1, LICENCES):
        for keyed in (False, True):

            async def run(count: int = count, keyed: bool = keyed) -> tuple[float, float, float]:
                licences = list(await site.open_licences(count, quotas={"calls": 10**12}))
                return await admission_alone(site.dsn, licences, keyed=keyed, seconds=seconds)

            rate, p50, p99 = uvloop.run(run())
            label = "one, hot" if count == 1 else f"{count:,}, spread"
            table.add_row(label, "yes" if keyed else "no", f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}")
    console.print(table)


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=3, help="how long to measure each cell (default: 3)")
    seconds = options.parse_args().seconds
    console = Console(width=140)
    console.print("Setting up: embedded PostgreSQL, one demo trade …")
    with live(PORT) as site:
        alone(console, site, seconds)
        compare(console, site, seconds)


if __name__ == "__main__":
    main()
