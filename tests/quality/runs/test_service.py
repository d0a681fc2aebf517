"""From a request to a report: queue, worker's job, scoring, repeat and failure, on the real database."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from infra.auth import SYSTEM
from infra.db import AsyncSession, SessionMaker, new_id, now, transaction
from infra.digest import json_digest
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.objects import LocalStore
from infra.paging import PageRequest
from infra.settings import Settings
from quality.checks import Check, CheckType, Dimension, Measured, Severity, Tolerance
from quality.classes import ProductClass
from quality.reports.schemas import ReportRead
from quality.runs import jobs, repository, service
from quality.runs.engines.pool import EnginePool
from quality.runs.engines.warm import WarmEngine
from quality.runs.states import QualityStatus, RunStatus
from quality.runs.tables import QualityRun
from quality.suites import service as suites
from quality.suites.domain import SuiteOrigin

SUITE = [
    Check(CheckType.ROW_COUNT, (), Dimension.CONFORMITY, {"minimum": "1"}, severity=Severity.BLOCKING),
    Check(CheckType.UNIQUE, ("id",), Dimension.ACCURACY),
    Check(CheckType.NOT_NULL, ("id",), Dimension.COMPLETENESS),
    Check(CheckType.NOT_NULL, ("note",), Dimension.COMPLETENESS, tolerance=Tolerance("5")),
]


@pytest.fixture
def context(
    settings: Settings, sessions: SessionMaker, tmp_path: Path, warm_engine: WarmEngine
) -> JobContext:
    store, keys = LocalStore(tmp_path / "objects"), KeyRing.load(tmp_path / "keys")

    async def readable(_: JobContext, __: UUID) -> None:
        return None

    return JobContext(
        settings, sessions, store, keys, {jobs.POOL: EnginePool(lambda: warm_engine, 1), jobs.PROBE: readable}
    )


def store_revision(context: JobContext, folder: Path) -> tuple[UUID, str]:
    revision_id = new_id()
    notes = [f"note {n}" for n in range(39)]
    pq.write_table(pa.table({"id": list(range(40)), "note": [*notes, None]}), folder / "r.parquet")
    key = f"revisions/{revision_id}.parquet"
    context.store.put(folder / "r.parquet", key)
    return revision_id, key


async def request(context: JobContext, revision_id: UUID, key: str, **changes: Any) -> QualityRun:
    async with transaction(context.sessions) as session:
        return await requested(session, revision_id, object_key=key, **changes)


async def requested(session: AsyncSession, revision_id: UUID, **changes: Any) -> QualityRun:
    """Ask for a run by the suite of a product of its own: the same one, asked for again."""
    page = PageRequest(1, None)
    versions, _ = await suites.list_versions(session, revision_id, page)
    suite = versions[0] if versions else await created(session, revision_id)
    wanted: dict[str, Any] = {"suite_id": suite.id, "rows": 40, "arrived_at": await now(session)} | changes
    return await service.request_run(session, SYSTEM, revision_id, product_id=revision_id, **wanted)


async def created(session: AsyncSession, product_id: UUID) -> suites.Suite:
    return await suites.create_version(
        session,
        SYSTEM,
        product_id,
        product_class=ProductClass.GENERAL,
        checks=SUITE,
        origin=SuiteOrigin.SUGGESTED,
    )


async def status(context: JobContext, revision_id: UUID) -> QualityStatus | None:
    async with transaction(context.sessions) as session:
        return (await service.get_statuses(session, [revision_id])).get(revision_id)


async def queued(session: AsyncSession, run_id: UUID) -> int:
    statement = sa.text("SELECT count(*) FROM pgqueuer WHERE dedupe_key LIKE :key")
    return int((await session.execute(statement, {"key": f"quality.check:{run_id}:%"})).scalar_one())


async def test_a_revision_is_checked_and_reported_once(context: JobContext, tmp_path: Path) -> None:
    revision_id, key = store_revision(context, tmp_path)
    run = await request(context, revision_id, key)
    assert await status(context, revision_id) is QualityStatus.CHECKING
    await jobs.check(context, {"run_id": str(run.id)})
    assert await status(context, revision_id) is QualityStatus.PASSED
    async with transaction(context.sessions) as session:
        report = await service.find_report(session, revision_id)
        assert report is not None
        assert report.passed
        assert report.digest == json_digest(service.content(report)).hex()
        assert await queued(session, run.id) == 1
    read = ReportRead.of(report).model_dump(mode="json")
    assert read["score"] == str(report.score)
    assert read["engine"].startswith("great_expectations 1.")
    assert {rule["key"] for rule in read["rules"]} >= {"quality.weight.general.accuracy", "quality.grade.a"}
    completeness = read["dimensions"][1]
    assert (completeness["satisfied"], completeness["evaluated"], completeness["value"]) == (
        79,
        80,
        "0.987500",
    )
    assert read["dimensions"][4]["value"] is None
    again = await request(context, revision_id, key)
    assert (again.id, again.status) == (run.id, RunStatus.DONE)
    await jobs.check(context, {"run_id": str(run.id)})


async def test_a_run_that_could_not_be_carried_out_is_retried_on_request(
    context: JobContext, tmp_path: Path
) -> None:
    revision_id, key = store_revision(context, tmp_path)
    run = await request(context, revision_id, key)
    file = context.store.folder / key
    kept = file.read_bytes()
    context.store.discard(key)
    await jobs.check(context, {"run_id": str(run.id)})
    assert await status(context, revision_id) is QualityStatus.ERROR
    file.write_bytes(kept)
    again = await request(context, revision_id, key)
    assert (again.id, again.status, again.error) == (run.id, RunStatus.QUEUED, None)
    await jobs.check(context, {"run_id": str(run.id)})
    assert await status(context, revision_id) is QualityStatus.PASSED


async def test_a_file_that_is_no_parquet_gives_a_reason(context: JobContext, tmp_path: Path) -> None:
    revision_id, key = store_revision(context, tmp_path)
    file = context.store.folder / key
    file.chmod(0o600)
    file.write_bytes(b"not a table")
    run = await request(context, revision_id, key)
    await jobs.check(context, {"run_id": str(run.id)})
    assert await status(context, revision_id) is QualityStatus.ERROR
    async with transaction(context.sessions) as session:
        failed = await repository.lock_run(session, run.id)
        assert failed is not None
        assert "cannot be checked" in str(failed.error)


async def test_a_request_that_is_rolled_back_leaves_no_run(session: AsyncSession) -> None:
    revision_id = new_id()
    async with session.begin_nested() as inner:
        run = await requested(session, revision_id, object_key="revisions/x.parquet")
        assert await queued(session, run.id) == 1
        await inner.rollback()
    assert await service.get_statuses(session, [revision_id]) == {}
    assert await queued(session, run.id) == 0


async def test_reports_are_kept_as_they_were_written(session: AsyncSession) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|refused"):
        await session.execute(sa.text("UPDATE quality_reports SET grade = 'A'"))


async def test_what_comes_late_changes_nothing(context: JobContext, tmp_path: Path) -> None:
    revision_id, key = store_revision(context, tmp_path)
    run = await request(context, revision_id, key)
    async with transaction(context.sessions) as session:
        assert await service.complete_run(session, run.id, Measured((), 0, 0), "made for a test") is None, (
            "it was never started"
        )
        await service.fail_run(session, run.id, "It was never started.")
    assert await status(context, revision_id) is QualityStatus.CHECKING
    await jobs.check(context, {"run_id": str(run.id)})
    async with transaction(context.sessions) as session:
        assert await service.start_run(session, run.id) is None
        await service.fail_run(session, run.id, "Too late.")
        assert await service.complete_run(session, run.id, Measured((), 0, 0), "made for a test") is None
    assert await status(context, revision_id) is QualityStatus.PASSED


async def test_a_revision_that_cannot_be_read_does_not_pass_however_good_it_is(
    context: JobContext, tmp_path: Path
) -> None:
    revision_id, key = store_revision(context, tmp_path)
    run = await request(context, revision_id, key)

    async def unreadable(_: JobContext, asked: UUID) -> str:
        assert asked == revision_id
        return "The revision cannot be served: it is in pieces."

    probe = context.extras[jobs.PROBE]
    context.extras[jobs.PROBE] = unreadable
    await jobs.check(context, {"run_id": str(run.id)})
    assert await status(context, revision_id) is QualityStatus.ERROR
    async with transaction(context.sessions) as session:
        assert await service.find_report(session, revision_id) is None
        assert (await service.get_errors(session, [revision_id]))[revision_id].endswith("it is in pieces.")
    context.extras[jobs.PROBE] = probe
    again = await request(context, revision_id, key)
    assert (again.id, again.status) == (run.id, RunStatus.QUEUED)
    await jobs.check(context, {"run_id": str(run.id)})
    assert await status(context, revision_id) is QualityStatus.PASSED


async def test_a_withdrawn_revision_has_not_passed_until_it_is_checked_again(
    context: JobContext, tmp_path: Path
) -> None:
    revision_id, key = store_revision(context, tmp_path)
    first = await request(context, revision_id, key)
    async with transaction(context.sessions) as session:
        assert not await service.withdraw(session, revision_id, "It has not passed."), "it has not"
    await jobs.check(context, {"run_id": str(first.id)})
    for reason, withdrawn in (("It is damaged.", True), ("It is damaged still.", False)):
        async with transaction(context.sessions) as session:
            assert await service.withdraw(session, revision_id, reason) is withdrawn
        assert await status(context, revision_id) is QualityStatus.ERROR
        async with transaction(context.sessions) as session:
            assert await service.get_errors(session, [revision_id]) == {revision_id: "It is damaged."}
    again = await request(context, revision_id, key)
    assert again.status is RunStatus.QUEUED
    assert again.id != first.id
    await jobs.check(context, {"run_id": str(again.id)})
    assert await status(context, revision_id) is QualityStatus.PASSED
    same = await request(context, revision_id, key)
    assert (same.id, same.status) == (again.id, RunStatus.DONE)


async def test_a_trial_counts_once_it_is_asked_for_in_earnest(context: JobContext, tmp_path: Path) -> None:
    revision_id, key = store_revision(context, tmp_path)
    first = await request(context, revision_id, key)
    await jobs.check(context, {"run_id": str(first.id)})
    async with transaction(context.sessions) as session:
        suite = await suites.create_version(
            session,
            SYSTEM,
            revision_id,
            product_class=ProductClass.GENERAL,
            checks=[
                Check(CheckType.ROW_COUNT, (), Dimension.CONFORMITY, {"minimum": "41"}, Severity.BLOCKING)
            ],
            origin=SuiteOrigin.WRITTEN,
        )
    trial = await request(context, revision_id, key, suite_id=suite.id, trial=True)
    assert await status(context, revision_id) is QualityStatus.PASSED
    await jobs.check(context, {"run_id": str(trial.id)})
    assert await status(context, revision_id) is QualityStatus.PASSED
    async with transaction(context.sessions) as session:
        tried = await service.find_trial(session, revision_id, suite.id)
        assert tried is not None
        assert (tried.run_id, tried.status) == (trial.id, QualityStatus.FAILED)
        report = await service.find_report(session, revision_id)
        assert report is not None
        assert report.passed
    counted = await request(context, revision_id, key, suite_id=suite.id)
    assert (counted.id, counted.trial, counted.status) == (trial.id, False, RunStatus.DONE)
    assert await status(context, revision_id) is QualityStatus.FAILED
