"""What is measured, with labels that do not grow, and the port it is served on."""

import asyncio
import re
import secrets
import socket
import threading
import time
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client import generate_latest
from sqlalchemy.exc import DBAPIError

from infra import telemetry
from infra.db import create_engine
from infra.settings import Settings
from infra.telemetry import endpoint
from infra.telemetry.endpoint import serve_metrics
from tests.support.database import TestDatabase
from tests.support.network import free_port, listening_addresses


async def test_labels_do_not_grow_with_what_callers_type(client: httpx.AsyncClient) -> None:
    async def ask(number: int) -> None:
        await client.request("GET", f"/{secrets.token_hex(4)}/{number}?x={number}")
        await client.request(f"M{number}", "/v1/session")
        await client.get(f"/v1/organisations/{uuid4()}")
        await client.get(f"/v1/rulebook/{secrets.token_hex(4)}")
        host = f"{secrets.token_hex(4)}.example"
        await client.get(f"/data/{uuid4()}/records", headers={"Host": host, "User-Agent": host})
        await client.get(
            f"/{secrets.token_hex(4)}", headers={"Host": host, "Authorization": f"Bearer {host}"}
        )
        await client.get("/health/live", headers={"Host": host, "traceparent": host})

    await client.get("/health/ready")  # asks the database, as the application does by itself now and then
    await ask(0)
    before = generate_latest().decode()
    for number in range(1, 126):
        await ask(number)
    after = generate_latest().decode()
    assert len(after.splitlines()) == len(before.splitlines())
    counted = re.search(r'unmatched_requests_total{.*method="_OTHER".*} (\d+)', after)
    assert counted is not None
    assert int(counted[1]) >= 126
    assert 'http_route="/v1/rulebook/{key}"' in after


async def test_statements_and_waits_for_a_connection_are_measured(
    settings: Settings, database: TestDatabase
) -> None:
    telemetry.configure(settings, component="api")  # as every process does; a second time changes nothing
    engine = create_engine(database.service_url, pool_size=1, max_overflow=0)

    async def fail() -> None:
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError):
                await connection.execute(sa.text("EXPLAIN SELECT no_such_column"))

    try:
        async with engine.connect() as held:
            await held.execute(sa.text("SELECT 1"))
            before = figures()
            await held.execute(sa.text("SELECT pg_sleep(0.06)"))
            waiting = asyncio.create_task(fail())
            await asyncio.sleep(0.3)
            assert figures()[USED] >= 1
        await waiting
        after = figures()
    finally:
        await engine.dispose()
    grown = {series: value - before.get(series, 0) for series, value in after.items()}
    # At least: what runs beside the tests in this process may have looked something up meanwhile.
    assert grown[STATEMENTS.format("count", "SELECT")] >= 1
    assert grown[STATEMENTS.format("sum", "SELECT")] >= 0.06
    assert grown[STATEMENTS.format("count", "OTHER")] == 1
    assert grown[WAITED] >= 0.25


STATEMENTS = 'db_client_operation_duration_seconds_{}{{db_operation_name="{}"}}'
WAITED = "db_client_connection_wait_time_seconds_sum"
USED = 'db_client_connection_count{state="used"}'


def figures() -> dict[str, float]:
    """Every series and its value."""
    figures = {}
    for line in generate_latest().decode().splitlines():
        if not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            figures[series] = float(value)
    return figures


class TestEndpoint:
    def test_a_scrape_is_answered_while_the_main_thread_is_busy(self) -> None:
        port = free_port()
        assert serve_metrics("127.0.0.1", port)
        answers: list[httpx.Response] = []
        # httpx is slow at starting and waits for nobody: the answer must be there before the loop below ends.
        scrape = threading.Thread(
            target=lambda: answers.append(httpx.get(f"http://127.0.0.1:{port}/metrics"))
        )
        scrape.start()
        ends = time.monotonic() + 30
        while not answers and time.monotonic() < ends:
            pass
        assert answers[0].status_code == 200
        assert "process_cpu_seconds_total" in answers[0].text
        assert listening_addresses(port) == {"127.0.0.1"}
        scrape.join()

    def test_many_scrapes_make_the_text_once_a_second(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[float] = []

        def generate() -> bytes:
            made.append(time.monotonic())
            return generate_latest()

        monkeypatch.setattr(endpoint, "generate_latest", generate)
        port = free_port()
        assert serve_metrics("127.0.0.1", port)
        began = time.monotonic()
        texts = {httpx.get(f"http://127.0.0.1:{port}/metrics").text for _ in range(20)}
        assert len(texts) == len(made) <= 1 + (time.monotonic() - began) / endpoint.KEPT_SECONDS
        time.sleep(endpoint.KEPT_SECONDS)
        httpx.get(f"http://127.0.0.1:{port}/metrics")
        assert len(made) > len(texts)

    def test_a_port_that_is_taken_stops_nothing(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            assert not serve_metrics("127.0.0.1", taken.getsockname()[1])

    def test_port_0_serves_nothing(self) -> None:
        assert not serve_metrics("127.0.0.1", 0)
