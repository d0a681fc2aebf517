"""S3-compatible stores for tests: moto's server in a process of its own, and a real one where its address is given."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx

from infra.db import new_id
from infra.object_address import S3Address
from infra.objects.s3 import S3Credentials

REAL = "TEST_S3_STORE"
"""Address of a real store, as MARKET_OBJECT_STORE has it; its key in TEST_S3_KEY_ID and TEST_S3_SECRET."""

KEY = S3Credentials("AKIDEXAMPLE", "a-secret-of-tests")


@dataclass(frozen=True)
class S3Server:
    """A store that answers at an endpoint."""

    endpoint: str
    bucket: str
    credentials: S3Credentials

    def url(self, prefix: str | None = None) -> str:
        """A part of it that nobody else has."""
        return f"s3://{self.bucket}/{prefix or new_id()}?endpoint={self.endpoint}&region=us-east-1"

    def address(self, prefix: str | None = None) -> S3Address:
        return S3Address.parse(self.url(prefix))


@contextmanager
def moto_server() -> Iterator[S3Server]:
    """moto's S3 in a process of its own, with a bucket."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(endpoint)
        httpx.put(f"{endpoint}/market", headers={"Authorization": _ANY}).raise_for_status()
        yield S3Server(endpoint, "market", KEY)
    finally:
        process.terminate()
        process.wait(10)


def real_server() -> S3Server | None:
    """The store that the environment names."""
    if (url := os.environ.get(REAL)) is None:
        return None
    endpoint = parse_qs(urlsplit(url).query)["endpoint"][0]
    credentials = S3Credentials(os.environ["TEST_S3_KEY_ID"], os.environ["TEST_S3_SECRET"])
    return S3Server(endpoint, S3Address.parse(url).bucket, credentials)


_ANY = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def _wait(endpoint: str) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            httpx.get(endpoint, timeout=2)
        except httpx.TransportError:
            assert time.monotonic() < ends, "moto did not start"
            time.sleep(0.1)
        else:
            return
