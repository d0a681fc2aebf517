"""The served API under clients that misbehave below HTTP: real sockets, no client library in between."""

import json
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import urllib3

from tests.support.database import TestDatabase
from tests.support.served import served

HEADER_SECONDS, BODY_SECONDS = 1, 1


@pytest.fixture(scope="module")
def port(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served(
        database,
        tmp_path_factory.mktemp("served"),
        MARKET_HEADER_TIMEOUT_S=str(HEADER_SECONDS),
        MARKET_BODY_TIMEOUT_S=str(BODY_SECONDS),
    ) as made:
        yield made


def talk(port: int, *parts: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """What the service answers until it closes the connection, and after how many seconds it did."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        answer = b""
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
            while received := connection.recv(65536):
                answer += received
        except ConnectionError:
            pass
    return answer, time.monotonic() - began


def test_headers_that_do_not_come_end_the_connection(port: int) -> None:
    for beginning in (b"", b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-A: "):
        answer, seconds = talk(port, beginning)
        assert answer == b""
        assert HEADER_SECONDS * 0.5 < seconds < HEADER_SECONDS + 5


def test_headers_that_drip_end_the_connection(port: int) -> None:
    drops = [b"GET /health/live HTTP/1.1\r\nHost: a\r\n"] + [b"X-A: a\r\n"] * 40
    answer, seconds = talk(port, *drops, pause=0.1)
    assert b"200 OK" not in answer
    assert seconds < 5


def test_an_idle_connection_ends(port: int) -> None:
    answer, seconds = talk(port, b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert seconds < HEADER_SECONDS + 5


@pytest.mark.parametrize("path", [b"/v1/session", b"/oauth/token"])
def test_a_body_that_stops_is_answered_and_ends_the_connection(port: int, path: bytes) -> None:
    kind = b"application/json" if path == b"/v1/session" else b"application/x-www-form-urlencoded"
    answer, seconds = talk(
        port,
        b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: 500\r\n\r\n{" % (path, kind),
    )
    assert answer.startswith(b"HTTP/1.1 408"), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "urn:data-market:problem:request-timeout"
    assert seconds < BODY_SECONDS + 5


def test_a_body_that_drips_is_answered_and_ends_the_connection(port: int) -> None:
    head = b"POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    answer, seconds = talk(port, head + b"Content-Length: 500\r\n\r\n", *[b" "] * 40, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408") or answer == b""
    assert seconds < 6


AMBIGUOUS = [
    b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"Content-Length: 2, 2\r\n\r\n{}",
    b"Content-Length: +2\r\n\r\n{}",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"Content-Length: 2\r\nX-A: a\r\n b\r\n\r\n{}",
    b"Content-Length: 2\r\nHost: b\r\n\r\n{}",
    b"Content-Length: 2\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n{}",
]


@pytest.mark.parametrize("rest", AMBIGUOUS)
def test_a_request_that_reads_two_ways_is_refused_and_ends_the_connection(port: int, rest: bytes) -> None:
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    answer, _ = talk(
        port, b"POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + rest + smuggled
    )
    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ],
)
def test_a_body_in_chunks_that_also_states_a_length_ends_the_connection(port: int, lengths: bytes) -> None:
    head = b"POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + lengths
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    answer, _ = talk(port, head + b"\r\n2\r\n{}\r\n0\r\n\r\n" + smuggled)
    assert answer.startswith(b"HTTP/1.1 4")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()


UNREAD = [
    ("POST", "/v1/session", 415),
    ("POST", "/v1/bank-statements", 401),
    ("PUT", "/v1/session", 405),
    ("POST", "/nowhere", 404),
    ("GET", "/data/00000000-0000-0000-0000-000000000007/records", 401),
]
"""Refused before the body is read."""


def _with_httpx(url: str, method: str, path: str, body: bytes) -> list[int]:
    with httpx.Client(base_url=url) as client:
        return [
            answer.status_code
            for _ in range(4)
            for answer in (client.request(method, path, content=body), client.get("/health/live"))
        ]


def _with_urllib3(url: str, method: str, path: str, body: bytes) -> list[int]:
    with urllib3.PoolManager(retries=False) as client:
        return [
            answer.status
            for _ in range(4)
            for answer in (
                client.request(method, url + path, body=body),
                client.request("GET", f"{url}/health/live"),
            )
        ]


def _with_curl(url: str, method: str, path: str, body: bytes) -> list[int]:
    upload = ["-X", method, "--data-binary", "@-", "-H", "Expect:", url + path]
    told = ["-s", "-o", "/dev/null", "-w", "%{http_code} "]
    done = subprocess.run(
        ["curl", *told, *upload, "--next", *told, f"{url}/health/live"],
        input=body,
        capture_output=True,
        check=True,
    )
    return [int(status) for status in done.stdout.split()]


@pytest.mark.parametrize("client", [_with_httpx, _with_urllib3, _with_curl])
@pytest.mark.parametrize("size", [60_000, 100_000, 1_000_000])
@pytest.mark.parametrize(("method", "path", "status"), UNREAD)
def test_the_request_after_a_refused_upload_is_answered(
    port: int,
    client: Callable[[str, str, str, bytes], list[int]],
    size: int,
    method: str,
    path: str,
    status: int,
) -> None:
    found = client(f"http://127.0.0.1:{port}", method, path, b"a" * size)
    assert found == [status, 200] * (len(found) // 2)


def test_a_connection_is_kept_when_the_body_was_read_and_ended_when_it_was_not(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        read = client.post("/v1/session", json={})
        assert (read.status_code, "connection" in read.headers) == (422, False)
        assert "connection" not in client.post("/nowhere").headers
        unread = client.post("/nowhere", content=b"a")
        assert (unread.status_code, unread.headers["connection"]) == (404, "close")
        chunked = client.post("/nowhere", content=iter([b"a"]))
        assert (chunked.status_code, chunked.headers["connection"]) == (404, "close")


def test_no_host(port: int) -> None:
    answer, _ = talk(port, b"GET /health/live HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")


def test_no_banner(port: int) -> None:
    for path in (b"/health/live", b"/nowhere"):
        answer, _ = talk(port, b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path)
        assert b"granian" not in answer.lower()
        assert b"content-security-policy: " in answer.lower()


def test_two_thousand_idle_connections_keep_nobody_out(port: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2_600
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} open files at once, and the system allows {hard}: raise ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    held: list[socket.socket] = []
    try:
        held.extend(socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(2_000))
        answer, seconds = talk(port, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200")
        assert seconds < HEADER_SECONDS
    finally:
        for connection in held:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.browser
def test_the_reference_is_drawn_under_its_content_policy(port: int, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs a browser: apt-get install chromium")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    done = subprocess.run(
        [
            browser,
            *options,
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            f"http://127.0.0.1:{port}/schema",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "operations-Data-readRecords" in done.stdout
    assert "Content Security Policy" not in done.stderr, done.stderr
