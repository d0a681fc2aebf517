"""A real installation on this machine, for benchmarks and fault tests: the embedded PostgreSQL with everything synced
to disk, the demo trade played on it, and API processes to start, kill and start again.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg

from contracts.licences import tokens
from contracts.licences.counters import LicenceCounter
from infra.addresses import owner_url, service_url
from infra.db import new_id
from infra.keys import KeyRing
from infra.postgres import EmbeddedPostgres
from infra.settings import Settings
from infra.unit_columns import quota_values
from market.operations.database import with_server
from market.operations.supervisor import ALLOCATOR
from tests.support.metering import open_counters

_READY_SECONDS = 60.0
_TRADE_SECONDS = 180.0
PURPOSE = "industry"


@dataclass(frozen=True)
class Live:
    """The installation.

    :ivar facts: what the demo trade made.
    """

    settings: Settings
    server: EmbeddedPostgres
    facts: dict[str, Any]

    @property
    def dsn(self) -> str:
        """Address of the service's own login."""
        return service_url(with_server(self.settings, self.server.address))

    @property
    def url(self) -> str:
        """The data call of the demo's product."""
        return f"{self.settings.base_url}/data/{self.facts['product_id']}/records"

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """An API process that answers; killed at the end if it still lives."""
        process = self.serve()
        try:
            self.await_ready(process)
            yield process
        finally:
            end(process, signal.SIGTERM)

    def serve(self) -> subprocess.Popen[bytes]:
        """Start an API process; it may not answer yet."""
        log = (self.settings.data_dir / "logs" / "bench-api.log").open("ab")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "market.cli", "serve"],
                env=process_environment(self.settings),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def await_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the process answers."""
        asyncio.run(_answers(self.settings.host, self.settings.port, process))

    async def open_licences(
        self, count: int, *, quotas: Mapping[str, int] = MappingProxyType({})
    ) -> dict[UUID, str]:
        """Licences of the demo's product and buyer, straight into the counters, each with a token."""
        columns = await self._columns()
        keys = KeyRing.load(self.settings.keys_dir)
        made: dict[UUID, str] = {}
        rows = []
        moment = datetime.now(UTC)
        for _ in range(count):
            licence_id, agreement_id = new_id(), new_id()
            product_id, resource_id = UUID(self.facts["product_id"]), UUID(self.facts["resource_id"])
            rows.append(
                LicenceCounter(
                    licence_id=licence_id,
                    agreement_id=agreement_id,
                    product_id=product_id,
                    # As many links as a licence has.
                    links=[agreement_id, product_id, resource_id, *(new_id() for _ in range(5))],
                    valid_from=moment - timedelta(hours=1),
                    valid_until=moment + timedelta(days=1),
                    period_opened_at=moment,
                    sole_purpose=PURPOSE,
                    **quota_values(quotas),
                )
            )
            made[licence_id] = keys.sign(
                tokens.claims_of(
                    issuer=self.settings.base_url,
                    token_id=new_id(),
                    client_id=str(new_id()),
                    licence_id=licence_id,
                    agreement_id=agreement_id,
                    agreement_digest="0" * 64,
                    product_id=product_id,
                    buyer_id=new_id(),
                    columns=columns,
                    purposes=[PURPOSE],
                    scenarios=["environmental_services"],
                    regions=["310000"],
                    quotas=quotas,
                    valid_from=moment - timedelta(hours=1),
                    issued_at=moment,
                    expires_at=moment + timedelta(days=1),
                ),
                tokens.TOKEN_TYPE,
            )
        await open_counters(owner_url(with_server(self.settings, self.server.address)), rows)
        return made

    async def _columns(self) -> list[str]:
        connection = await asyncpg.connect(self.dsn)
        try:
            row = await connection.fetchrow(
                "SELECT columns FROM licences WHERE id = $1", UUID(self.facts["licence_id"])
            )
        finally:
            await connection.close()
        assert row is not None
        return list(row["columns"])


@contextmanager
def live(port: int) -> Iterator[Live]:
    """Set an installation up in a temporary folder, play the demo trade, and take all of it away at the end.

    When this yields, PostgreSQL runs and no API process does.
    """
    folder = Path(tempfile.mkdtemp(prefix="market-live-"))
    folder.chmod(0o711)
    settings = Settings(_env_file=None, data_dir=folder / "data", port=port, log_level="WARNING")
    try:
        facts = _play(settings)
        server = EmbeddedPostgres(settings.data_dir)
        server.start()
        try:
            yield Live(settings, server, facts)
        finally:
            server.destroy()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Send a signal and wait until the process and those it started are gone."""
    if process.poll() is None:
        process.send_signal(how)
        process.wait(timeout=30)


def process_environment(settings: Settings) -> dict[str, str]:
    """What a process of the service is started with."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MARKET_", "DATABASE_"))
    }
    return kept | {
        **ALLOCATOR,
        "MARKET_DATA_DIR": str(settings.data_dir),
        "MARKET_PORT": str(settings.port),
        "MARKET_LOG_LEVEL": settings.log_level,
    }


def _play(settings: Settings) -> dict[str, Any]:
    """Play the trade as ``market up --demo`` does, then stop everything."""
    kept = settings.data_dir / "demo.json"
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "market.cli", "up", "--demo"],
            env=process_environment(settings),
            stdout=output,
            stderr=output,
        )
        deadline = time.monotonic() + _TRADE_SECONDS
        while not kept.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        end(process, signal.SIGINT)
        output.seek(0)
        if not kept.exists():
            raise RuntimeError(
                f"The demo trade was not played:\n{output.read().decode(errors='replace')[-4000:]}"
            )
    facts: dict[str, Any] = json.loads(kept.read_bytes())
    return facts


async def _answers(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(_READY_SECONDS):
        while process.poll() is None:
            try:
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answered = await reader.readline()
                writer.close()
            except OSError:
                answered = b""
            if b" 200 " in answered:
                return
            await asyncio.sleep(0.05)
    raise RuntimeError("The API process ended by itself.")


def processor_seconds(processes: Sequence[int]) -> float:
    """Processor time that processes, and those below them, have used so far."""
    ticks = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and descends(int(folder.name), processes):
            ticks += sum(int(field) for field in _stat(int(folder.name))[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 20


def descends(process: int, ancestors: Sequence[int]) -> bool:
    """Whether a process is one of these, or was started by one, or by one that was."""
    while process > 1:
        if process in ancestors:
            return True
        process = int(_stat(process)[1])
    return False
