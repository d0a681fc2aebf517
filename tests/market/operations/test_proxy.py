"""The proxy file that is shipped, run by the real proxy in front of the real service."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from infra.settings import Settings
from tests.support.database import TestDatabase
from tests.support.network import free_port
from tests.support.served import served

CADDYFILE = Path(__file__).parents[3] / "infra/deploy/Caddyfile"
SIGN_INS = 4
"""A minute, and twice as many at once."""


@contextmanager
def proxied(upstream: int, folder: Path) -> Iterator[int]:
    """The port on which Caddy serves what listens on another."""
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("needs the proxy that the file is for: apt-get install caddy")
    port = free_port()
    environment = os.environ | {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "MARKET_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "UPSTREAM": f"127.0.0.1:{upstream}",
    }
    with (folder / "caddy.log").open("w") as log:
        process = subprocess.Popen(
            [caddy, "run", "--config", CADDYFILE, "--adapter", "caddyfile"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        ends = time.monotonic() + 30
        while not _answers(port):
            assert process.poll() is None, (folder / "caddy.log").read_text()
            assert time.monotonic() < ends, (folder / "caddy.log").read_text()
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Site:
    """The service behind its proxy."""

    proxy: int
    api: int
    metrics: int


@pytest.fixture(scope="module")
def site(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, metrics = tmp_path_factory.mktemp("proxied"), free_port()
    with (
        served(
            database,
            folder,
            MARKET_TRUSTED_PROXIES="127.0.0.1",
            MARKET_SIGN_INS_PER_MINUTE=str(SIGN_INS),
            MARKET_METRICS_PORT=str(metrics),
        ) as api,
        proxied(api, tmp_path_factory.mktemp("caddy")) as proxy,
    ):
        yield Site(proxy, api, metrics)


def talk(port: int, request: bytes, source: str = "127.0.0.1") -> tuple[bytes, float]:
    """The answer up to the end of the connection, and after how many seconds it ended."""
    began = time.monotonic()
    address = ("127.0.0.1", port)
    with socket.create_connection(address, timeout=40, source_address=(source, 0)) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while received := connection.recv(65536):
                answer += received
        except ConnectionError:
            pass
    return answer, time.monotonic() - began


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join(
        [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers, "", ""]
    ).encode()


PATHS = [
    "/metrics",
    "/metrics/",
    "/metrics//",
    "/metrics%2f",
    "/metrics%2F",
    "/%6detrics",
    "//metrics",
    "/./metrics",
    "/x/../metrics",
    "/metrics;x",
    "/metrics?x",
    "/METRICS",
    "/metrics%00",
    "/v1/..%2fmetrics",
    "http://127.0.0.1:{metrics}/metrics",
    "http://localhost:{metrics}/metrics",
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_leads_to_the_metrics(site: Site, path: str) -> None:
    assert b"process_cpu_seconds_total" in talk(site.metrics, get("/metrics"))[0]
    for port in (site.proxy, site.api):
        answer, _ = talk(port, get(path.format(metrics=site.metrics)))
        assert b"process_cpu_seconds_total" not in answer
        # For a host that it does not serve, Caddy answers 200 with nothing.
        nothing = answer.endswith(b"\r\n\r\n")
        assert nothing or answer.split(b" ")[1] in {b"400", b"404"}, answer


def test_nobody_is_named_as_the_server(site: Site) -> None:
    for path in ("/health/live", "/nowhere"):
        head = talk(site.proxy, get(path))[0].partition(b"\r\n\r\n")[0].lower()
        assert b"strict-transport-security: max-age=" in head
        assert b"content-security-policy: " in head
        assert b"caddy" not in head
        assert b"granian" not in head


def sign_in(site: Site, number: int, source: str, *headers: str) -> int:
    body = json.dumps({"email": f"p{number}@proxy.example", "password": "wrong one, sorry"})
    lines = [
        "POST /v1/session HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    answer, _ = talk(site.proxy, ("\r\n".join(lines) + "\r\n\r\n" + body).encode(), source)
    return int(answer.split(b" ")[1])


def test_callers_are_told_apart_and_believed_in_nothing(site: Site) -> None:
    statuses = [
        sign_in(
            site,
            number,
            "127.0.0.9",
            f"X-Forwarded-For: 198.51.100.{number}",
            f"Forwarded: for=198.51.100.{number}",
            f"X-Real-IP: 198.51.100.{number}",
        )
        for number in range(6)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert sign_in(site, 100, "127.0.0.10") == 401


def test_headers_that_are_too_long_or_too_slow_end_the_connection(site: Site) -> None:
    answer, _ = talk(site.proxy, get("/health/live", "X-A: " + "a" * 100_000))
    assert answer.startswith(b"HTTP/1.1 431")
    answer, seconds = talk(site.proxy, b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A")
    assert b"200 OK" not in answer
    assert 5 < seconds < 30


class Counter(BaseHTTPRequestHandler):
    """Reads what it is sent and says how much it was."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._say(b"")

    def do_POST(self) -> None:
        left = length = int(self.headers["Content-Length"])
        while left and (read := len(self.rfile.read(min(left, 1 << 20)))):
            left -= read
        self._say(b"%d" % (length - left))

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_the_largest_upload_passes_and_a_larger_one_does_not(tmp_path: Path) -> None:
    largest = Settings.model_fields["max_upload_bytes"].default
    piece = bytes(1 << 20)
    with ThreadingHTTPServer(("127.0.0.1", 0), Counter) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        with proxied(upstream.server_port, tmp_path) as port:
            address = f"http://127.0.0.1:{port}/"
            pieces = (piece for _ in range(largest // len(piece)))
            answer = httpx.post(
                address, content=pieces, headers={"Content-Length": str(largest)}, timeout=120
            )
            assert answer.text == str(largest)
            head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {largest + 1}\r\n\r\n".encode()
            refused = b""
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                try:
                    connection.sendall(head)
                    for _ in range(largest // len(piece)):
                        connection.sendall(piece)
                    connection.sendall(b"xx")
                    refused = connection.recv(100)
                except ConnectionError:
                    refused = b"HTTP/1.1 413"  # it did not wait for the rest
        upstream.shutdown()
    assert refused.startswith((b"HTTP/1.1 413", b"HTTP/1.1 502")), refused


def test_a_refused_upload_is_told_why_and_not_that_the_service_is_away(site: Site) -> None:
    """The proxy writes on while the service answers; a service that closed then made it answer 502, now and again."""
    body = b"a" * 300_000
    request = get("/v1/products/none/revisions", f"Content-Length: {len(body)}").replace(b"GET", b"POST", 1)
    answers = [talk(site.proxy, request + body)[0].split(b" ", 2)[1] for _ in range(60)]
    assert set(answers) == {b"404"}
