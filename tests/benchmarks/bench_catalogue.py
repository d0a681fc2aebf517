"""What a search of the catalogue costs: ``python -m tests.benchmarks.bench_catalogue``.

A hundred thousand products straight in the tables, the API process as it is run, PostgreSQL beside it, and 16 clients
at once over HTTP, whose searches have other words, filters and orders one after the other, some of them never the same
twice. Beside it, what the same clients see of a bare handler that returns as many bytes, and what a publication takes
to be found.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from infra.addresses import owner_url
from market.operations.database import with_server
from tests.benchmarks.bench_hot_path import BARE_PORT, bare_server
from tests.benchmarks.live import Live, live, processor_seconds
from tests.benchmarks.many_products import PERIODS, PLACES, SHARED, TOPICS, fill

PORT = 18462
CLIENTS = 16
SEARCHES = 200
"""Different ones of each class."""
LIMIT = 20


def classes(rare: list[str], chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    """What is searched, by how much of the catalogue it matches."""
    places, topics = [zh for zh, _ in PLACES], [zh for zh, *_ in TOPICS]
    words = [en for _, en, *_ in TOPICS]
    sorts = ["relevance", "newest", "updated", "grade"]

    return {
        "a few products": [{"q": chance.choice(rare)} for _ in range(SEARCHES)],
        "hundreds: place and topic": [
            {"q": f"{chance.choice(places)} {chance.choice(topics)}"} for _ in range(SEARCHES)
        ],
        "thousands: a topic": [
            {"q": chance.choice((*topics, *words)), "sort": chance.choice(sorts)} for _ in range(SEARCHES)
        ],
        "thousands, two filters": [
            {"q": chance.choice(topics), "grade": ["A", "B"], "price": chance.choice(["free", "per_use"])}
            for _ in range(SEARCHES)
        ],
        "a fifth: a period": [
            {"q": chance.choice([zh for zh, *_ in PERIODS]), "sort": chance.choice(sorts)}
            for _ in range(SEARCHES)
        ],
        "a third": [
            {"q": SHARED, "sort": chance.choice(sorts)}
            | ({"theme": chance.choice(["environment", "transport"])} if chance.random() < 0.3 else {})
            for _ in range(SEARCHES)
        ],
        "a third, nothing asked twice": [
            {"q": f"{SHARED} {signs(chance)}", "sort": chance.choice(sorts)} for _ in range(20_000)
        ],
        "everything, nothing asked twice": [
            {"q": f"数据 {signs(chance)}", "sort": chance.choice(sorts)} for _ in range(20_000)
        ],
        "everything: one letter": [
            {"q": chance.choice("ahdp"), "sort": chance.choice(sorts)} for _ in range(SEARCHES)
        ],
        "everything: common words": [
            {"q": chance.choice(["数据", "记录", "authority"])} for _ in range(SEARCHES)
        ],
        "everything: no words": [
            {"sort": chance.choice(sorts[1:]), "grade": chance.choice(["A", "B", "C"])}
            for _ in range(SEARCHES)
        ],
    }


def signs(chance: random.Random) -> str:
    """What makes a search another one, so that no answer is kept of it, and finds the same."""
    return "".join(chance.choices("!?.,;:()[]{}~^|*", k=12))


def measure(url: str, queries: list[str], seconds: float) -> dict[str, float]:
    """Run the clients in a process of their own: rate, percentiles in milliseconds, answers that were no 200."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(json.dumps(queries))
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.bench_catalogue", "--client", url, file.name]
        said = subprocess.run([*command, str(seconds)], check=True, capture_output=True).stdout
    found: dict[str, float] = json.loads(said)
    return found


async def clients(url: str, queries: list[str], seconds: float) -> dict[str, float]:
    """So many connections, each with one request at a time."""
    host, _, port = url.removeprefix("http://").partition(":")
    took: list[float] = []
    refused = size = 0
    end = time.perf_counter() + seconds

    async def call_on(first: int) -> None:
        nonlocal refused, size
        reader, writer = await asyncio.open_connection(host, int(port))
        turn = first
        while (started := time.perf_counter()) < end:
            writer.write(f"GET {queries[turn % len(queries)]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - started)
            refused += b" 200 " not in head[:16]
            size += length
            turn += 7
        writer.close()

    await asyncio.gather(*(call_on(number) for number in range(CLIENTS)))
    took.sort()
    found = {f"p{share}": took[len(took) * share // 100] * 1000 for share in (50, 95, 99)}
    return found | {"rate": len(took) / seconds, "refused": refused, "bytes": size / len(took)}


def path(query: dict[str, Any]) -> str:
    """A search as it is sent."""
    return f"/v1/catalogue?{urlencode(query | {'limit': LIMIT}, doseq=True)}"


def get(url: str) -> Any:
    """An answer's JSON."""
    with urllib.request.urlopen(url, timeout=600) as answer:
        return json.load(answer)


def resident(process: int) -> int:
    """MiB of memory of the largest of a process and those below it: the one that answers."""
    text = subprocess.run(["ps", "-eo", "pid,ppid,rss"], check=True, capture_output=True, text=True).stdout
    rows = [tuple(map(int, line.split())) for line in text.splitlines()[1:]]
    family = {process}
    for _ in range(3):
        family |= {pid for pid, parent, _ in rows if parent in family}
    return max(rss for pid, _, rss in rows if pid in family) // 1024


def seen_after(market: Live, owner: str) -> tuple[float, float]:
    """Milliseconds from a commit to an answer that has it: median and worst of several."""
    product = market.facts["product_id"]
    title = get(f"{market.settings.base_url}/v1/catalogue/{product}")["title_zh"]
    url = f"{market.settings.base_url}{path({'q': title, 'limit': 200})}"

    async def changes() -> list[float]:
        took = []
        connection = await asyncpg.connect(owner)
        # What is withdrawn stays so: only here it comes back, to be withdrawn again.
        await connection.execute("ALTER TABLE data_products DISABLE TRIGGER data_products_status_follows")
        for turn in range(10):
            await connection.execute(
                "UPDATE data_products SET status = $2 WHERE id = $1",
                UUID(product),
                "withdrawn" if turn % 2 == 0 else "published",
            )
            started = time.perf_counter()
            found = product in [item["id"] for item in get(url)["items"]]
            took.append((time.perf_counter() - started) * 1000)
            assert found == bool(turn % 2), "the next search did not see the change"
        await connection.close()
        return took

    took = sorted(asyncio.run(changes()))
    return took[len(took) // 2], took[-1]


def run(console: Console, count: int, seconds: float) -> None:
    """Set everything up, measure, print."""
    chance = random.Random(7)
    with live(PORT) as market:
        owner = owner_url(with_server(market.settings, market.server.address))
        with market.serving() as small:
            get(f"{market.settings.base_url}/v1/catalogue")
            console.print(f"memory of the API process with the demo market: {resident(small.pid)} MiB")
        started = time.perf_counter()
        rare = asyncio.run(fill(owner, UUID(market.facts["product_id"]), count))
        console.print(f"{count:,} products in the tables after {time.perf_counter() - started:.0f} s")
        with market.serving() as process:
            started = time.perf_counter()
            total = 0
            while not total:
                try:
                    total = get(f"{market.settings.base_url}/v1/catalogue?limit=1")["total"]
                except urllib.error.HTTPError:
                    time.sleep(0.2)
            assert total == count + 1, f"{total:,} of {count + 1:,} products are found"
            read = time.perf_counter() - started
            console.print(f"{total:,} products read after {read:.0f} s; {resident(process.pid)} MiB")
            table = Table(
                "searches", "matches", "p50 ms", "p95 ms", "p99 ms", "a second", "CPU ms each", "KiB"
            )
            for label, queries in classes(rare, chance).items():
                paths = [path(query) for query in queries]
                matched = sorted(get(market.settings.base_url + one)["total"] for one in paths[:5])
                before = processor_seconds([process.pid])
                found = measure(market.settings.base_url, paths, seconds)
                used = processor_seconds([process.pid]) - before
                assert not found["refused"], found
                calls = found["rate"] * seconds
                table.add_row(
                    label,
                    f"{matched[0]:,}–{matched[-1]:,}",
                    *(f"{found[name]:.1f}" for name in ("p50", "p95", "p99")),
                    f"{found['rate']:.0f}",
                    f"{used / calls * 1000:.2f}",
                    f"{found['bytes'] / 1024:.0f}",
                )
            console.print(f"memory after the searches: {resident(process.pid)} MiB")
            middle, worst = seen_after(market, owner)
            console.print(
                f"a change is seen by the next search, which takes {middle:.1f} ms (worst {worst:.1f} ms)"
            )
            body = urllib.request.urlopen(market.settings.base_url + path({"q": SHARED})).read()
        with bare_server(body):
            found = measure(f"http://127.0.0.1:{BARE_PORT}", ["/bare"], seconds)
            table.add_row(
                "bare handler, the same bytes", "", *(f"{found[name]:.1f}" for name in ("p50", "p95", "p99")),
                f"{found['rate']:.0f}", "", f"{found['bytes'] / 1024:.0f}",
            )  # fmt: skip
        console.print(table)


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--products", type=int, default=100_000)
    options.add_argument("--seconds", type=float, default=8, help="how long to measure each row (default: 8)")
    options.add_argument("--client", nargs=3, metavar=("URL", "FILE", "SECONDS"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.client:
        url, file, seconds = given.client
        found = asyncio.run(clients(url, json.loads(Path(file).read_text()), float(seconds)))
        sys.stdout.write(json.dumps(found))
    else:
        run(Console(width=130), given.products, given.seconds)


if __name__ == "__main__":
    main()
