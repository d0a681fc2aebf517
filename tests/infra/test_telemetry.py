"""Traces and metrics leave over OTLP when a collector is named, and nothing is set up for them otherwise."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.collector import collector

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# One request to the real application, in a process of its own: providers can be set once per process.
SCRIPT = f"""
import asyncio, httpx, prometheus_client
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
        print(prometheus_client.generate_latest().decode())
        print("provider:", type(trace.get_tracer_provider()).__name__)
    telemetry.shutdown()

asyncio.run(main())
"""


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
    with collector() as receiver:
        done = run(MARKET_OTLP_ENDPOINT=receiver.address)
    assert json.loads(done.stdout.splitlines()[0])["trace_id"] == TRACE
    spans = [(span.service, span.trace, span.name) for span in receiver.spans()]
    assert ("data-market-api", TRACE, "GET /v1/organisations") in spans
    assert receiver.bodies["/v1/metrics"]


def test_without_a_collector_there_are_metrics_and_no_traces() -> None:
    done = run(MARKET_OTLP_ENDPOINT="")
    assert "provider: ProxyTracerProvider" in done.stdout
    assert "http_server_request_duration_seconds_count" in done.stdout
    assert 'le="0.005"' in done.stdout  # told apart in milliseconds, though counted in seconds
    assert 'http_route="/v1/organisations"' in done.stdout
