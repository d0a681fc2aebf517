"""The whole service as a stranger starts it: `market up --demo` in a data folder of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.network import free_port
from tests.support.running_market import RunningMarket


@pytest.fixture(scope="session")
def market() -> Iterator[RunningMarket]:
    """A service that has played its first trade."""
    folder = Path(tempfile.mkdtemp(prefix="market-e2e-"))
    folder.chmod(0o711)
    running = RunningMarket(folder / "var", free_port(), folder / "log")
    try:
        running.start()
        yield running
    finally:
        if running.child is not None:
            running.stop()
        shutil.rmtree(folder, ignore_errors=True)
