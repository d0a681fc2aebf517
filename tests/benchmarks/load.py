"""Load on one address: wrk where it is installed, otherwise a small client of our own in a process of its own."""

import argparse
import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_LUA = """
local bearers = {{ {bearers} }}
local turn = 0
request = function()
  turn = turn % #bearers + 1
  return wrk.format("GET", nil, {{["Authorization"] = "Bearer " .. bearers[turn]}})
end
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run showed: answers a second, and how long half and 99 of 100 of them took, in milliseconds."""

    rate: float
    p50: float
    p99: float
    refused: int


def generator() -> str:
    """Which client makes the load."""
    return "wrk" if shutil.which("wrk") else "our own client"


def measure(url: str, bearers: list[str], *, connections: int, seconds: int) -> Measured:
    """Call an address on so many connections at once, the tokens in turn."""
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("wrk"):
            return _wrk(url, bearers, connections, seconds, Path(folder))
        listed = Path(folder) / "bearers"
        listed.write_text("\n".join(bearers))
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.load",
            url,
            str(listed),
            str(connections),
            str(seconds),
        ]
        return Measured(**json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def _wrk(url: str, bearers: list[str], connections: int, seconds: int, folder: Path) -> Measured:
    script = folder / "bearers.lua"
    script.write_text(_LUA.format(bearers=", ".join(f'"{bearer}"' for bearer in bearers)))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-s", str(script), url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def percentile(which: str) -> float:
        found = re.search(rf"^\s+{which}%\s+([\d.]+)(us|ms|s)$", said, re.MULTILINE)
        assert found is not None, said
        return float(found[1]) * _UNITS[found[2]]

    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert rate is not None, said
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Measured(float(rate[1]), percentile("50"), percentile("99"), int(refused[1]) if refused else 0)


async def _own(url: str, bearers: list[str], connections: int, seconds: int) -> Measured:
    parts = urlsplit(url)
    head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer "
    requests = [f"{head}{bearer}\r\n\r\n".encode() for bearer in bearers]
    took: list[float] = []
    refused = 0
    end = time.perf_counter() + seconds

    async def call_on(first: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        turn = first
        while (started := time.perf_counter()) < end:
            writer.write(requests[turn % len(requests)])
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
            assert length is not None, answer
            await reader.readexactly(int(length[1]))
            took.append(time.perf_counter() - started)
            refused += b" 200 " not in answer[:16]
            turn += connections
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(call_on(number) for number in range(connections)))
    elapsed = time.perf_counter() - started
    took.sort()
    return Measured(
        len(took) / elapsed, took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000, refused
    )


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("bearers", type=Path)
    options.add_argument("connections", type=int)
    options.add_argument("seconds", type=int)
    given = options.parse_args()
    found = asyncio.run(_own(given.url, given.bearers.read_text().split(), given.connections, given.seconds))
    sys.stdout.write(json.dumps({name: getattr(found, name) for name in Measured.__slots__}))
