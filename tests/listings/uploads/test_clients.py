"""A tus client that nobody here wrote, against the service in a process of its own that is killed in the middle."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from tusclient.client import TusClient

from infra.db import SessionMaker
from infra.settings import Settings
from tests.support.command import clean_environment
from tests.support.network import free_port
from tests.support.parties import Party
from tests.support.products import CSV, draft
from tests.support.uploading import announce, work


@contextmanager
def api(settings: Settings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The service on a port."""
    assert settings.database_service_url is not None
    environment = clean_environment() | {
        "DATABASE_SERVICE_URL": settings.database_service_url.get_secret_value(),
        "MARKET_DATA_DIR": str(settings.data_dir),
        "MARKET_PORT": str(port),
        "MARKET_PUBLIC_BASE_URL": settings.base_url,
        "MARKET_METRICS_PORT": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "market.cli", "serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        ends = time.monotonic() + 60
        while not _ready(port):
            assert process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=2).is_success
    except httpx.TransportError:
        return False


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # tuspy leaves the file to be collected
async def test_a_tus_client_goes_on_after_the_service_was_killed(
    app: Litestar, owner: Party, operator: Party, settings: Settings, sessions: SessionMaker, tmp_path: Path
) -> None:
    content = CSV + b"S1,2026-01-01T00:00:00Z,1.5,x\n" * 100_000
    path = tmp_path / "air.csv"
    path.write_bytes(content)
    product = await draft(owner, operator)
    made = await announce(
        operator, product["id"], size_bytes=len(content), sha256=sha256(content).hexdigest()
    )
    port = free_port()
    client = TusClient(
        f"http://127.0.0.1:{port}/", headers={"Authorization": operator.http.headers["Authorization"]}
    )
    url = f"http://127.0.0.1:{port}/v1/uploads/{made['id']}"
    with api(settings, port) as process:
        first = client.uploader(str(path), url=url, chunk_size=500_000)
        await asyncio.to_thread(first.upload_chunk)
        os.killpg(process.pid, signal.SIGKILL)
    with api(settings, port):
        second = client.uploader(str(path), url=url, chunk_size=700_000)
        assert second.offset == 500_000
        await asyncio.to_thread(second.upload)
    await work(app, sessions, made["id"])
    ended = await operator.get(f"/v1/uploads/{made['id']}")
    assert (ended["status"], ended["rows"]) == ("succeeded", 100_060), ended
