"""Use cases of quality: request a run, start it, complete or fail it, read what came of it."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, new_id, now
from infra.digest import json_digest
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.rulebook import service as rulebook
from quality.checks import Dimension, Measured
from quality.classes import ProductClass
from quality.runs import reasons, repository
from quality.runs.judging import dimensions_to_json, judge, result_to_json
from quality.runs.states import RUN, QualityStatus, ReportStatus, RunAction, RunStatus, quality_status
from quality.runs.tables import QualityReport as Report
from quality.runs.tables import QualityRun, ReportSummary
from quality.score import Measure
from quality.suites import service as suites

__all__ = [
    "Report",
    "Trial",
    "add_further_run",
    "begin_anew",
    "complete_run",
    "enqueue",
    "fail_run",
    "find_report",
    "find_trial",
    "get_errors",
    "get_statuses",
    "get_summaries",
    "list_since",
    "request_run",
    "start_run",
    "withdraw",
]

JOB = "quality.check"

ATTEMPTS = 5
"""How often a worker begins a run that never ends."""


async def request_run(
    session: AsyncSession,
    actor: Actor,
    revision_id: UUID,
    *,
    product_id: UUID,
    suite_id: UUID,
    object_key: str,
    rows: int,
    arrived_at: datetime | None,
    reference_keys: Mapping[str, str] | None = None,
    zones: Mapping[str, str] | None = None,
    trial: bool = False,
) -> QualityRun:
    """Request a check of a revision, in the caller's transaction; the worker does it after the commit.

    The same version of a suite on the same revision is one run: asking again changes nothing, unless the run could not
    be carried out, or the revision was withdrawn, which asking again retries. A trial that is asked for again, not as
    one, counts from then on.

    :param product_id: whose revision it is.
    :param suite_id: the version of the product's suite that it is judged by.
    :param object_key: of the revision's Parquet file in the object store.
    :param arrived_at: when the revision was received; None where that is not known.
    :param reference_keys: objects of other products' revisions that checks refer to, by `reference_key`.
    :param zones: time zones of the clocks of its columns of times, as `RunFacts.zones`.
    :param trial: whether the report is to be read and to count for nothing.
    """
    suite = await suites.get(session, suite_id)
    wanted = QualityRun(
        id=new_id(),
        revision_id=revision_id,
        product_id=product_id,
        suite_id=suite.id,
        product_class=suite.product_class,
        arrived_at=arrived_at,
        suite_digest=suite.digest,
        trial=trial,
        object_key=object_key,
        reference_keys=dict(reference_keys or {}),
        zones=dict(zones or {}),
        checks=suite.checks,
        status=RunStatus.QUEUED,
        requested_by=actor.id,
        requested_at=await now(session),
    )
    run, added = await repository.ensure_run(session, wanted)
    if not added and run.trial and not trial:
        run.trial, run.requested_at = False, wanted.requested_at
        await session.flush()
    elif not added and not trial:
        newest = await repository.lock_latest_run(session, revision_id)
        if newest is not None and newest.suite_id == run.suite_id:
            run = newest  # of a revision that was withdrawn, the run that says so
    if not added and not RUN.allows(run.status, RunAction.RETRY):
        return run
    if added:
        await enqueue(session, run, wanted.requested_at)
    else:
        await begin_anew(session, run, wanted.requested_at)
    return run


async def start_run(session: AsyncSession, run_id: UUID) -> QualityRun | None:
    """Mark a run as running; None when there is nothing to do (finished already, or not there).

    One whose workers have all been killed in the middle of it, as a file may do, is failed instead.
    """
    run = await repository.lock_run(session, run_id)
    if run is None or not RUN.allows(run.status, RunAction.START):
        return None
    if run.attempts >= ATTEMPTS:
        await fail_run(session, run_id, reasons.NEVER_ENDED.of(count=ATTEMPTS))
        return None
    run.status, run.started_at = RUN.next_state(run.status, RunAction.START), await now(session)
    run.attempts += 1
    await session.flush()
    await repository.delete_progress(session, run.id)
    return run


async def complete_run(
    session: AsyncSession,
    run_id: UUID,
    measured: Measured,
    engine: str,
    observed: Mapping[Dimension, Measure] | None = None,
) -> Report | None:
    """Score what a run found and keep the report for good; None when it is not running any more.

    :param engine: name and version of the library that did the checking.
    :param observed: what the service observed of the product's timeliness and accessibility.
    """
    run = await repository.lock_run(session, run_id)
    if run is None or not RUN.allows(run.status, RunAction.COMPLETE):
        return None
    rules = await rulebook.in_force(session)
    product_class = run.product_class or ProductClass.GENERAL
    judged = judge(measured, rules, product_class, observed)
    moment = await now(session)
    report = Report(
        run_id=run.id,
        revision_id=run.revision_id,
        product_id=run.product_id,
        suite_id=run.suite_id,
        product_class=product_class,
        rows=measured.rows,
        repeated=measured.repeated,
        status=ReportStatus.PASSED if judged.passed else ReportStatus.FAILED,
        score=judged.assessment.score,
        grade=judged.assessment.grade,
        uncapped_grade=judged.assessment.uncapped,
        refusals=[refusal.to_json() for refusal in judged.refusals],
        dimensions=dimensions_to_json(judged.assessment),
        checks=[result_to_json(result) for result in measured.results],
        engine=engine,
        rules=rules.stamp(),
        digest="",
        measured_at=moment,
    )
    report.digest = json_digest(content(report)).hex()
    run.status = RUN.next_state(run.status, RunAction.COMPLETE)
    run.error, run.finished_at = None, moment
    session.add(report)
    await session.flush()
    await repository.delete_progress(session, run.id)
    await audit.record(
        session,
        SYSTEM,
        action="quality.reported",
        subject_kind="revision",
        subject_id=run.revision_id,
        detail={
            "report_id": str(report.id),
            "digest": report.digest,
            "status": report.status,
            "score": str(report.score),
            "grade": report.grade,
            "suite_id": str(run.suite_id) if run.suite_id else None,
            "trial": run.trial,
        },
        rules=rules,
    )
    if run.trial:
        return report
    # Whose revision it is, and what follows, is known above.
    await events.publish(
        session,
        EventKind.REVISION_MEASURED,
        subject_id=run.revision_id,
        organisations=(),
        payload={
            "report_id": str(report.id),
            "status": report.status.value,
            "score": str(report.score),
            "grade": report.grade,
        },
    )
    return report


async def fail_run(session: AsyncSession, run_id: UUID, reason: str) -> None:
    """Record why a run could not be carried out; requesting it again retries it. Nothing when it is not running.

    :param reason: one sentence for a person.
    """
    run = await repository.lock_run(session, run_id)
    if run is None or not RUN.allows(run.status, RunAction.FAIL):
        return
    run.status = RUN.next_state(run.status, RunAction.FAIL)
    run.error, run.finished_at = reason[:1000], await now(session)
    await session.flush()
    await repository.delete_progress(session, run.id)


async def begin_anew(session: AsyncSession, run: QualityRun, moment: datetime) -> None:
    """Queue a locked run again, which was cancelled or could not be carried out.

    :raises RunStateForbids: it waits, runs, or is done.
    """
    run.status, run.error, run.finished_at = RUN.next_state(run.status, RunAction.RETRY), None, None
    run.attempts = 0
    await session.flush()
    await enqueue(session, run, moment)


async def enqueue(session: AsyncSession, run: QualityRun, moment: datetime) -> None:
    """Have a worker carry out a queued run."""
    # Not one key for all jobs of a run: of one that was cancelled, the job may still be about to end.
    await jobs.enqueue(
        session, JOB, {"run_id": str(run.id)}, dedupe_key=f"{JOB}:{run.id}:{moment.isoformat()}"
    )


async def find_report(session: AsyncSession, revision_id: UUID) -> Report | None:
    """The newest report on a revision; None while there is none. Who may read it, the caller knows."""
    return await repository.latest_report(session, revision_id)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a revision fares by a version of a suite.

    :ivar report: None until the run is done.
    """

    run_id: UUID
    status: QualityStatus
    report: Report | None
    error: str | None


async def find_trial(session: AsyncSession, revision_id: UUID, suite_id: UUID) -> Trial | None:
    """How a revision fares by a version of a suite, in force or not; None where that was never asked for."""
    found = await repository.find_trial(session, revision_id, suite_id)
    if found is None:
        return None
    run, report = found
    status = quality_status(run.status, report.status if report else None)
    return Trial(run.id, status, report, None if run.error is None else reasons.message_of(run.error))


def list_since(session: AsyncSession, since: datetime) -> AsyncIterator[Report]:
    """The reports written since then, trials too, a few at a time."""
    return repository.list_since(session, since)


async def get_summaries(session: AsyncSession, revision_ids: Collection[UUID]) -> dict[UUID, ReportSummary]:
    """The newest report on each of these revisions that has one, without its checks, in one query."""
    return {found.revision_id: found for found in await repository.latest_summaries(session, revision_ids)}


async def get_statuses(session: AsyncSession, revision_ids: Collection[UUID]) -> dict[UUID, QualityStatus]:
    """What the check of each revision has come to, in one query. Revisions that were never checked are left out."""
    found = await repository.latest_statuses(session, revision_ids)
    return {revision_id: quality_status(run, report) for revision_id, run, report, _ in found}


def has_passed(revision_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """A condition for statements of other slices: the revision in this column has passed by its newest check."""
    return repository.has_passed(revision_id)


async def get_errors(session: AsyncSession, revision_ids: Collection[UUID]) -> dict[UUID, str]:
    """Why the newest run of a revision failed, for those whose has."""
    found = await repository.latest_statuses(session, revision_ids)
    return {revision_id: reasons.message_of(error) for revision_id, _, _, error in found if error is not None}


async def withdraw(session: AsyncSession, revision_id: UUID, reason: str) -> bool:
    """Take back that a revision has passed: a further run of its suite has failed. Requesting a check retries it.

    :param reason: one sentence for a person.
    :return: False when it has not passed, or was withdrawn before.
    """
    run = await repository.lock_latest_run(session, revision_id)
    if run is None or run.status is not RunStatus.DONE:
        return False
    moment = await now(session)
    further = await add_further_run(session, run, SYSTEM, "withdrawn", moment)
    await start_run(session, further.id)
    await fail_run(session, further.id, reason)
    await audit.record(
        session,
        SYSTEM,
        action="quality.withdrawn",
        subject_kind="revision",
        subject_id=revision_id,
        detail={"reason": reason[:1000]},
    )
    return True


async def add_further_run(
    session: AsyncSession, run: QualityRun, actor: Actor, why: str, moment: datetime
) -> QualityRun:
    """A further run by the suite of one that is done, which stays as it is, with its report."""
    further = QualityRun(
        id=new_id(),
        revision_id=run.revision_id,
        product_id=run.product_id,
        suite_id=run.suite_id,
        product_class=run.product_class,
        arrived_at=run.arrived_at,
        suite_digest=json_digest([run.suite_digest, why, moment.isoformat()]).hex(),
        object_key=run.object_key,
        reference_keys=run.reference_keys,
        zones=run.zones,
        checks=run.checks,
        status=RunStatus.QUEUED,
        requested_by=actor.id,
        requested_at=moment,
    )
    session.add(further)
    await session.flush()
    return further


def content(report: Report) -> dict[str, Any]:
    """What the digest of a report is taken of: everything it says, as JSON with sorted keys and no white space."""
    said = {
        "revision_id": str(report.revision_id),
        "status": str(report.status),
        "score": str(report.score),
        "grade": report.grade,
        "dimensions": report.dimensions,
        "checks": report.checks,
        "engine": report.engine,
        "rules": report.rules,
    }
    if report.product_class is None:  # from before products had suites
        return said
    return {
        **said,
        "product_id": None if report.product_id is None else str(report.product_id),
        "suite_id": None if report.suite_id is None else str(report.suite_id),
        "product_class": str(report.product_class),
        "rows": report.rows,
        "repeated": report.repeated,
        "uncapped_grade": report.uncapped_grade,
        "refusals": report.refusals,
    }
