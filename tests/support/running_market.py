"""The whole service as a stranger starts it: `market up --demo` in a data folder of its own."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.collector import Collector
from tests.support.command import clean_environment

READY_SECONDS = 180


@dataclass(slots=True)
class RunningMarket:
    """A service in processes of its own.

    :param settings: further environment variables.
    :param demo: play a trade once it runs.
    """

    data_dir: Path
    port: int
    log: Path
    settings: dict[str, str] = field(default_factory=dict)
    demo: bool = True
    child: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        """`market up`, which the others are children of."""
        assert self.child is not None
        return self.child

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **clean_environment(),
            "MARKET_DATA_DIR": str(self.data_dir),
            "MARKET_PORT": str(self.port),
            "COLUMNS": "120",
            **self.settings,
        }

    def runs(self) -> bool:
        """Whether `market up` was started and has not ended."""
        return self.child is not None and self.child.poll() is None

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.data_dir / "demo.json").read_text(encoding="utf-8"))
        return facts

    def start(self) -> float:
        """Start and wait until it says that it runs; answers the seconds this took."""
        started = time.monotonic()
        with self.log.open("w", encoding="utf-8") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "market.cli", "up", *(["--demo"] if self.demo else [])],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        while "Running. Ctrl-C" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() - started < READY_SECONDS, self.said()
            time.sleep(0.05)
        return time.monotonic() - started

    def stop(self) -> int:
        """Ctrl-C; answers the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@dataclass(frozen=True, slots=True)
class Observed:
    """A service that has played one trade, and what was seen of it from outside.

    :ivar api_metrics: what the API showed on its port of metrics right after that trade.
    :ivar worker_metrics: the same of the worker.
    """

    market: RunningMarket
    receiver: Collector
    api_port: int
    worker_port: int
    api_metrics: str
    worker_metrics: str
