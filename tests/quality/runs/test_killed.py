"""SIGKILL of a worker in the middle of its runs: another takes them up, once, and not for ever."""

import asyncio
import signal
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from infra.auth import SYSTEM
from infra.db import SessionMaker, new_id, transaction
from infra.jobs import JobContext
from infra.settings import Settings
from quality.checks import Check, CheckType, Dimension
from quality.classes import ProductClass
from quality.runs import control, jobs, service
from quality.runs.engines.pool import EnginePool
from quality.runs.engines.warm import WarmEngine
from quality.runs.states import QualityStatus, RunStatus
from quality.runs.tables import QualityRun
from quality.suites import service as suites
from quality.suites.domain import SuiteOrigin
from tests.support.budget import roomy
from tests.support.command import PROJECT
from tests.support.database import TestDatabase
from tests.support.events import context_of, until


@pytest.fixture
def context(settings: Settings, sessions: SessionMaker, tmp_path: Path) -> JobContext:
    return context_of(settings.model_copy(update={"data_dir": tmp_path}), sessions)


async def requested(context: JobContext, folder: Path) -> QualityRun:
    revision_id = new_id()
    pq.write_table(pa.table({"n": [1, 2, 3]}), folder / "r.parquet")
    key = f"revisions/{revision_id}.parquet"
    context.store.put(folder / "r.parquet", key)
    check = Check(CheckType.NOT_NULL, ("n",), Dimension.COMPLETENESS)
    async with transaction(context.sessions) as session:
        suite = await suites.create_version(
            session,
            SYSTEM,
            revision_id,
            product_class=ProductClass.GENERAL,
            checks=[check],
            origin=SuiteOrigin.SUGGESTED,
        )
        return await service.request_run(
            session,
            SYSTEM,
            revision_id,
            product_id=revision_id,
            suite_id=suite.id,
            object_key=key,
            rows=3,
            arrived_at=None,
        )


async def look(context: JobContext, run: QualityRun) -> QualityRun:
    async with transaction(context.sessions) as session:
        return (await control.get_run_progress(session, run.revision_id)).run


async def start(database: TestDatabase, folder: Path, what: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.quality.runs.worker",
        database.service_url,
        str(folder),
        what,
        cwd=PROJECT,
    )


async def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def test_a_run_outlives_its_worker_and_not_all_of_them(
    database: TestDatabase, context: JobContext, tmp_path: Path
) -> None:
    once, ever_again = [await requested(context, tmp_path) for _ in range(2)]
    async with transaction(context.sessions) as session:
        # Workers before were killed too.
        await session.execute(
            sa.text("UPDATE quality_runs SET attempts = :some WHERE id = :run_id"),
            {"some": service.ATTEMPTS - 1, "run_id": ever_again.id},
        )

    async def all_are(*statuses: RunStatus) -> bool:
        return [(await look(context, run)).status for run in (once, ever_again)] == list(statuses)

    hanging = await start(database, tmp_path, "hang")
    try:
        await until(lambda: all_are(RunStatus.RUNNING, RunStatus.RUNNING), 60)
    finally:
        await kill(hanging)
    assert await all_are(RunStatus.RUNNING, RunStatus.RUNNING)

    working = await start(database, tmp_path, "work")
    try:
        await until(lambda: all_are(RunStatus.DONE, RunStatus.FAILED), 60)
        failed = await look(context, ever_again)
        assert str(failed.error).startswith(f"The quality check was begun {service.ATTEMPTS} times and never")
        async with transaction(context.sessions) as session:
            statement = sa.text("SELECT count(*) FROM quality_reports WHERE revision_id = :id")
            assert (await session.execute(statement, {"id": once.revision_id})).scalar_one() == 1
            await control.retry_run(session, SYSTEM, ever_again.revision_id)
        await until(lambda: all_are(RunStatus.DONE, RunStatus.DONE), 20)
        assert (await look(context, ever_again)).attempts == 1
    finally:
        await kill(working)


async def test_a_fault_of_the_service_ends_a_run_at_its_last_attempt(
    context: JobContext, tmp_path: Path
) -> None:
    async def faulty(*_: object) -> None:
        raise KeyError("a fault")

    engine = WarmEngine(
        timeout_s=60, memory_mb=1_024, budget=roomy(tmp_path), module="tests.support.light_child"
    )
    context.extras.update({jobs.PROBE: faulty, jobs.POOL: EnginePool(lambda: engine, 1)})
    run = await requested(context, tmp_path)
    try:
        for _ in range(service.ATTEMPTS - 1):
            with pytest.raises(KeyError):
                await jobs.check(context, {"run_id": str(run.id)})
        await jobs.check(context, {"run_id": str(run.id)})
    finally:
        await engine.stop()
    async with transaction(context.sessions) as session:
        assert (await service.get_statuses(session, [run.revision_id])) == {
            run.revision_id: QualityStatus.ERROR
        }
        (reason,) = (await service.get_errors(session, [run.revision_id])).values()
    assert "a fault of the service" in reason
