"""The whole service as a stranger starts it: `market up --demo` in a data folder of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.collector import collector
from tests.support.network import free_port
from tests.support.running_market import Observed, RunningMarket


@contextmanager
def demo(**settings: str) -> Iterator[RunningMarket]:
    folder = Path(tempfile.mkdtemp(prefix="market-e2e-"))
    folder.chmod(0o711)
    running = RunningMarket(folder / "var", free_port(), folder / "log", settings)
    try:
        running.start()
        yield running
    finally:
        if running.child is not None:
            running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def scrape(port: int) -> str:
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="session")
def plain_market() -> Iterator[RunningMarket]:
    """A service that has played its first trade."""
    with demo() as running:
        yield running


@pytest.fixture
def market(plain_market: RunningMarket) -> RunningMarket:
    """That service, running; started again when the test before left it stopped."""
    if not plain_market.runs():
        plain_market.start()
    return plain_market


@pytest.fixture(scope="session")
def observed() -> Iterator[Observed]:
    """Another, looked at from outside; it may be wrecked, since what was seen of its first trade is kept."""
    api_port, worker_port = free_port(), free_port()
    with (
        collector() as receiver,
        demo(
            MARKET_METRICS_PORT=str(api_port),
            MARKET_WORKER_METRICS_PORT=str(worker_port),
            MARKET_OTLP_ENDPOINT=receiver.address,
            # A webhook of this machine may be registered.
            MARKET_OUTGOING_NETWORKS="127.0.0.0/8",
        ) as running,
    ):
        yield Observed(running, receiver, api_port, worker_port, scrape(api_port), scrape(worker_port))
