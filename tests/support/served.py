"""`market serve` in a process of its own, on a port of its own, beside the tests' database."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.command import clean_environment
from tests.support.database import TestDatabase
from tests.support.network import free_port, listens

READY_SECONDS = 60


@contextmanager
def served(database: TestDatabase, data_dir: Path, **settings: str) -> Iterator[int]:
    """The port of a running API.

    :param settings: further environment variables.
    """
    port = free_port()
    environment = clean_environment() | {
        "DATABASE_SERVICE_URL": database.service_url,
        "MARKET_DATA_DIR": str(data_dir),
        "MARKET_PORT": str(port),
        **settings,
    }
    log = data_dir / f"api-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "market.cli", "serve"],
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        ends = time.monotonic() + READY_SECONDS
        while not (_ready(port) and listens(process.pid, port)):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success
    except httpx.TransportError:
        return False
