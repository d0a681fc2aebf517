"""Traces and metrics leave over OTLP when a collector is named, and nothing is set up for them otherwise."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# One request to the real application, in a process of its own: providers can be set once per process.
SCRIPT = f"""
import asyncio, httpx
from opentelemetry import trace
from infra import telemetry
from infra.settings import Settings
from market.app import create_app

async def main():
    app = create_app(Settings(_env_file=None), database_url="postgresql://nobody@127.0.0.1:1/none")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://market.test") as client:
        parent = {{"traceparent": "00-{TRACE}-00f067aa0ba902b7-01"}}
        answer = await client.get("/v1/organisations?limit=x", headers=parent)
        print(answer.text)
        print((await client.get("/metrics")).text)
        print("provider:", type(trace.get_tracer_provider()).__name__)
    telemetry.shutdown()

asyncio.run(main())
"""


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, list[bytes]]]]:
    """An OTLP/HTTP endpoint that keeps what it is sent, by path."""
    kept: dict[str, list[bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.setdefault(self.path, []).append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(**settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_a_request_is_traced_to_the_collector_under_its_callers_trace() -> None:
    with collector() as (address, kept):
        done = run(MARKET_OTLP_ENDPOINT=address)
    assert json.loads(done.stdout.splitlines()[0])["trace_id"] == TRACE
    spans = [
        span
        for body in kept["/v1/traces"]
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert (TRACE, "GET /v1/organisations") in [(span.trace_id.hex(), span.name) for span in spans]
    assert kept["/v1/metrics"]


def test_without_a_collector_there_are_metrics_and_no_traces() -> None:
    done = run(MARKET_OTLP_ENDPOINT="")
    assert "provider: ProxyTracerProvider" in done.stdout
    assert "http_server_request_duration_seconds_count" in done.stdout
    assert 'le="0.005"' in done.stdout  # told apart in milliseconds, though counted in seconds
    assert 'http_route="/v1/organisations"' in done.stdout


async def test_metrics_do_not_grow_with_what_callers_type(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.get(f"/no/such/path/{number}")
    metrics = (await client.get("/metrics")).text
    assert "/no/such/path" not in metrics
