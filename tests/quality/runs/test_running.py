"""Runs beside each other, cancelled and crashed ones too, in real processes and on the real database."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from infra.auth import SYSTEM
from infra.db import AsyncSession, SessionMaker, new_id, transaction
from infra.errors import NotFound
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.memory_budget import MemoryBudget
from infra.objects import LocalStore
from infra.settings import Settings
from quality.checks import Check, CheckType, Dimension
from quality.classes import ProductClass
from quality.facts import RunFacts, RunProgress
from quality.runs import control, jobs, running, service
from quality.runs.control import RunProgressFacts
from quality.runs.engines import warm
from quality.runs.engines.pool import EnginePool
from quality.runs.engines.warm import WarmEngine
from quality.runs.errors import RunStateForbids
from quality.runs.states import QualityStatus, RunStatus
from quality.runs.tables import QualityRun
from quality.suites import service as suites
from quality.suites.domain import SuiteOrigin
from tests.support.budget import roomy

CHECKS = [
    Check(CheckType.ROW_COUNT, (), Dimension.CONFORMITY, {"minimum": "1"}),
    Check(CheckType.NOT_NULL, ("n",), Dimension.COMPLETENESS),
]


@pytest.fixture
def context(settings: Settings, sessions: SessionMaker, tmp_path: Path) -> JobContext:
    async def readable(_: JobContext, __: UUID) -> None:
        return None

    store, keys = LocalStore(tmp_path / "objects"), KeyRing.load(tmp_path / "keys")
    return JobContext(settings, sessions, store, keys, {jobs.PROBE: readable})


@pytest.fixture
async def second_engine(tmp_path: Path) -> AsyncIterator[WarmEngine]:
    made = WarmEngine(timeout_s=60, memory_mb=2_048, budget=roomy(tmp_path))
    yield made
    await made.stop()


async def requested(context: JobContext, folder: Path, checks: Sequence[Check] = tuple(CHECKS)) -> QualityRun:
    """The run of a revision of a product of its own."""
    revision_id = new_id()
    pq.write_table(pa.table({"n": [1, 2, 3]}), folder / "r.parquet")
    key = f"revisions/{revision_id}.parquet"
    context.store.put(folder / "r.parquet", key)
    async with transaction(context.sessions) as session:
        suite = await suites.create_version(
            session,
            SYSTEM,
            revision_id,
            product_class=ProductClass.GENERAL,
            checks=checks,
            origin=SuiteOrigin.SUGGESTED,
        )
        return await request(session, revision_id, suite.id, key)


async def request(session: AsyncSession, revision_id: UUID, suite_id: UUID, key: str) -> QualityRun:
    return await service.request_run(
        session,
        SYSTEM,
        revision_id,
        product_id=revision_id,
        suite_id=suite_id,
        object_key=key,
        rows=3,
        arrived_at=None,
    )


async def look(context: JobContext, run: QualityRun) -> RunProgressFacts:
    async with transaction(context.sessions) as session:
        return await control.get_run_progress(session, run.revision_id)


async def status(context: JobContext, run: QualityRun) -> QualityStatus:
    async with transaction(context.sessions) as session:
        return (await service.get_statuses(session, [run.revision_id]))[run.revision_id]


async def until_running(context: JobContext, run: QualityRun) -> None:
    while (await look(context, run)).run.status is not RunStatus.RUNNING:
        await asyncio.sleep(0.05)


async def cancel(context: JobContext, run: QualityRun) -> None:
    async with transaction(context.sessions) as session:
        await control.cancel_run(session, SYSTEM, run.revision_id)


async def retry(context: JobContext, run: QualityRun) -> None:
    async with transaction(context.sessions) as session:
        await control.retry_run(session, SYSTEM, run.revision_id)


def send(engine: WarmEngine, what: signal.Signals) -> None:
    assert engine._child is not None
    os.kill(engine._child._process.pid, what)


def check(context: JobContext, run: QualityRun) -> "asyncio.Task[None]":
    return asyncio.create_task(jobs.check(context, {"run_id": str(run.id)}))


async def test_a_run_that_is_stuck_or_killed_ends_no_other_and_stops_when_it_is_cancelled(
    context: JobContext, tmp_path: Path, warm_engine: WarmEngine, second_engine: WarmEngine
) -> None:
    engines: Iterator[WarmEngine] = iter((second_engine, warm_engine))
    context.extras[jobs.POOL] = EnginePool(lambda: next(engines), 2)
    stuck, other, killed = [await requested(context, tmp_path) for _ in range(3)]
    await second_engine.start()
    await warm_engine.start()
    send(second_engine, signal.SIGSTOP)
    first = check(context, stuck)
    await until_running(context, stuck)
    await check(context, other)
    assert await status(context, other) is QualityStatus.PASSED
    assert not first.done()

    await cancel(context, stuck)
    async with asyncio.timeout(3):
        await first
    assert await status(context, stuck) is QualityStatus.ERROR
    assert (await look(context, stuck)).run.error == "The quality check was cancelled."
    assert jobs.pool_of(context).engines == (warm_engine,), "one is kept warm"
    await retry(context, stuck)
    await check(context, stuck)
    assert await status(context, stuck) is QualityStatus.PASSED

    send(warm_engine, signal.SIGSTOP)
    second = check(context, killed)
    await until_running(context, killed)
    await asyncio.sleep(0.2)
    send(warm_engine, signal.SIGKILL)
    await second
    assert await status(context, killed) is QualityStatus.PASSED, "it was begun again"


async def test_a_run_waits_in_the_queue_and_can_be_cancelled_there(
    context: JobContext, tmp_path: Path, warm_engine: WarmEngine
) -> None:
    context.extras[jobs.POOL] = EnginePool(lambda: warm_engine, 1)
    one, other = [await requested(context, tmp_path) for _ in range(2)]
    first, second = await look(context, one), await look(context, other)
    assert first.position is not None
    assert second.position == first.position + 1
    assert second.progress == RunProgress(0, 2)
    await cancel(context, one)
    assert (await look(context, one)).position is None
    assert (await look(context, other)).position == first.position
    with pytest.raises(RunStateForbids):
        await cancel(context, one)
    await check(context, one)
    assert (await look(context, one)).run.status is RunStatus.CANCELLED
    async with transaction(context.sessions) as session:
        assert one.suite_id is not None
        again = await request(session, one.revision_id, one.suite_id, one.object_key)
    assert (again.id, again.status) == (one.id, RunStatus.QUEUED)
    # A worker that was killed leaves it running; the queue hands it to another.
    async with transaction(context.sessions) as session:
        assert await service.start_run(session, one.id) is not None
    await check(context, one)
    done = await look(context, one)
    assert (done.run.status, done.progress) == (RunStatus.DONE, RunProgress(2, 2))
    for forbidden in (cancel, retry):
        with pytest.raises(RunStateForbids):
            await forbidden(context, one)
    for unknown in (control.cancel_run, control.retry_run):
        async with transaction(context.sessions) as session:
            with pytest.raises(NotFound):
                await unknown(session, SYSTEM, new_id())


async def test_a_report_in_which_checks_were_left_undone_can_be_followed_by_another(
    context: JobContext, tmp_path: Path, warm_engine: WarmEngine
) -> None:
    context.extras[jobs.POOL] = EnginePool(lambda: warm_engine, 1)
    absent = Check(CheckType.NOT_NULL, ("absent",), Dimension.COMPLETENESS)
    first = await requested(context, tmp_path, [*CHECKS, absent])
    await check(context, first)
    assert await status(context, first) is QualityStatus.FAILED
    await retry(context, first)
    assert await status(context, first) is QualityStatus.CHECKING
    second = (await look(context, first)).run
    assert (second.suite_id, second.status) == (first.suite_id, RunStatus.QUEUED)
    assert second.id != first.id
    await check(context, second)
    assert await status(context, first) is QualityStatus.FAILED
    async with transaction(context.sessions) as session:
        assert first.suite_id is not None
        same = await request(session, first.revision_id, first.suite_id, first.object_key)
    assert same.id == second.id


async def test_the_progress_is_written_down_until_the_run_is_begun_anew_elsewhere(
    context: JobContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after its worker was killed: the queue hands the run to another, and the first one stops if it still is."""
    monkeypatch.setattr(running, "WATCH_SECONDS", 0.05)
    run = await requested(context, tmp_path)
    async with transaction(context.sessions) as session:
        started = await service.start_run(session, run.id)
    assert started is not None
    watch = running.Watch(context, started)
    keeping = asyncio.create_task(watch.keep())
    watch.on_progress(RunProgress(1, 2, "not_null:n"))
    async with asyncio.timeout(5):
        while (await look(context, run)).progress != RunProgress(1, 2, "not_null:n"):
            await asyncio.sleep(0.02)
    async with transaction(context.sessions) as session:
        assert await service.start_run(session, run.id) is not None
    assert (await look(context, run)).progress == RunProgress(0, 2)
    async with asyncio.timeout(5):
        with pytest.raises(running.RunCancelled):
            await keeping


async def test_idle_processes_of_several_workers_do_not_wait_for_each_others_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "MEMORY_SECONDS", 0.2)
    budgets = [MemoryBudget(tmp_path / "memory", megabytes=1_024, queue=10, wait_s=60) for _ in range(2)]
    engines = [
        WarmEngine(timeout_s=60, memory_mb=1_024, budget=budget, module="tests.support.light_child")
        for budget in budgets
    ]
    try:
        for engine in engines:
            await engine.start()
        async with asyncio.timeout(60):
            found = await asyncio.gather(
                *(engine.run([], tmp_path / "none.parquet", RunFacts()) for engine in engines)
            )
        assert [one.rows for one in found] == [1, 1]
    finally:
        for engine in engines:
            await engine.stop()


def test_there_are_as_many_engines_as_fit_the_memory_unless_the_settings_say(tmp_path: Path) -> None:
    budget: MemoryBudget = roomy(tmp_path)
    for made, size in (
        (Settings(_env_file=None), 2),
        (Settings(_env_file=None, file_memory_mb=2_048), 1),
        (Settings(_env_file=None, file_memory_mb=8_192), 4),
        (Settings(_env_file=None, file_memory_mb=1_024, ingest_memory_mb=512, quality_memory_mb=512), 1),
        (Settings(_env_file=None, quality_concurrency=5), 5),
    ):
        assert EnginePool.of(made, budget)._turn._value == size
    with pytest.raises(ValidationError, match="quality_concurrency must be 5 at most"):
        Settings(_env_file=None, quality_concurrency=6)
