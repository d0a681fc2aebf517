"""What the probes say: which component is down, which worker is away, and for whom that matters."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar

from infra.db import SessionMaker, new_id, transaction
from infra.heartbeats import repository
from infra.heartbeats import service as heartbeats
from infra.heartbeats.domain import SeenWorker, silences
from infra.heartbeats.service import Heartbeat
from infra.tasks import TaskRegistry
from infra.telemetry.endpoint import serve_metrics
from market.operations.readiness import (
    Component,
    ComponentState,
    ReadinessStatus,
    failing,
    of_workers,
    status_of,
)
from market.operations.worker import _readiness
from tests.support.database import TestDatabase
from tests.support.network import free_port

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def worker(seconds: float, *down: str, host: str = "one") -> SeenWorker:
    silent = timedelta(seconds=seconds)
    return SeenWorker(host, MOMENT - silent, silent, down)


class TestRules:
    @pytest.mark.parametrize(
        ("workers", "state", "since"),
        [
            ([], "away", None),
            ([worker(21), worker(500)], "away", MOMENT - timedelta(seconds=21)),
            ([worker(3), worker(500)], "up", None),
            ([worker(3, "events")], "degraded", None),
            ([worker(3, "events"), worker(4)], "up", None),
            ([worker(3, "events"), worker(500)], "degraded", None),
        ],
    )
    def test_workers(self, workers: list[SeenWorker], state: str, since: datetime | None) -> None:
        found = of_workers(workers)
        assert (found.state, found.since) == (state, since)
        assert not found.essential

    def test_only_what_is_essential_makes_a_process_unready(self) -> None:
        up, away = Component(ComponentState.UP), Component(ComponentState.AWAY, essential=False)
        down = Component(ComponentState.DOWN)
        assert status_of({"a": up}) is ReadinessStatus.READY
        assert status_of({"a": up, "worker": away}) is ReadinessStatus.DEGRADED
        assert status_of({"a": down, "worker": away}) is ReadinessStatus.NOT_READY
        assert failing({"a": down, "b": up, "worker": away}) == ["a"]

    def test_of_several_workers_on_a_machine_the_one_seen_last_counts(self) -> None:
        assert silences([worker(3), worker(40), worker(7, host="two")]) == {"one": 3.0, "two": 7.0}


@pytest.fixture
async def alone(database: TestDatabase) -> None:
    """No worker has ever been seen."""
    connection = await asyncpg.connect(database.service_url)
    await connection.execute("DELETE FROM worker_heartbeats")
    await connection.close()


async def readiness(client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await client.get("/health/ready")
    return answer.status_code, answer.json()


@pytest.mark.usefixtures("alone")
class TestApi:
    async def test_a_worker_that_is_away_degrades_and_takes_nothing_out_of_rotation(
        self, client: httpx.AsyncClient, sessions: SessionMaker, database: TestDatabase
    ) -> None:
        status, document = await readiness(client)
        assert (status, document["status"]) == (200, "degraded")
        assert document["components"]["worker"] == {"status": "away", "since": None}
        assert document["components"]["metering"] == {"status": "up", "since": None}

        tasks = TaskRegistry()
        heart = Heartbeat(sessions, tasks)
        tasks.start("heartbeat", heart.run)
        async with asyncio.timeout(5):
            while (await readiness(client))[1]["status"] != "ready":
                await asyncio.sleep(0.02)
        await tasks.close()

        # As long after its last beat as a worker may be silent.
        connection = await asyncpg.connect(database.service_url)
        await connection.execute("UPDATE worker_heartbeats SET last_seen_at = last_seen_at - interval '25 s'")
        status, document = await readiness(client)
        assert (status, document["status"]) == (200, "degraded")
        assert document["components"]["worker"]["status"] == "away"
        assert document["components"]["worker"]["since"] is not None
        async with transaction(sessions) as session:
            (shown,) = (await heartbeats.SAMPLE.read(session)).values()
        assert shown >= 25
        await heart.leave()
        assert await connection.fetchval("SELECT count(*) FROM worker_heartbeats") == 0
        await connection.close()

    async def test_what_a_worker_says_of_itself_is_passed_on(
        self, client: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        async with transaction(sessions) as session:
            await repository.beat(session, new_id(), "here", 1, ["events"])
        status, document = await readiness(client)
        assert (status, document["components"]["worker"]["status"]) == (200, "degraded")

    async def test_a_component_that_is_down_is_named(self, client: httpx.AsyncClient, app: Litestar) -> None:
        tasks: TaskRegistry = app.state.tasks

        async def ending() -> None:
            raise OSError("no space")

        failed = tasks.start("test-component", ending)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        try:
            answer = await client.get("/health/ready", headers={"Accept-Language": "en"})
            assert answer.status_code == 503
            document = answer.json()
            assert document["type"] == "urn:data-market:problem:unavailable"
            assert "test-component" in document["detail"]
            assert document["components"]["test-component"]["status"] == "down"
            assert document["components"]["database"]["status"] == "up"
            assert "no space" not in answer.text
        finally:
            tasks._watched["test-component"].over = True
            failed.cancel()
            await asyncio.gather(failed, return_exceptions=True)


async def test_a_worker_answers_probes_beside_its_metrics() -> None:
    tasks, port = TaskRegistry(), free_port()
    tasks.start("jobs", asyncio.Event().wait)  # type: ignore[arg-type]
    assert serve_metrics("127.0.0.1", port, lambda: _readiness(tasks))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        assert (await client.get("/health/live")).json() == {"status": "live"}
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        assert "process_cpu_seconds_total" in (await client.get("/metrics")).text

        async def ending() -> None:
            raise OSError("no space")

        tasks.start("events", ending)
        await asyncio.sleep(0.05)
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
        assert answer.json()["components"]["events"]["reason"] == "OSError"
    await tasks.close()
