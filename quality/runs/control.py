"""Use cases of a run on its way: how far it is, cancelled, requested again."""

from dataclasses import dataclass
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from quality.checks import CheckStatus
from quality.facts import RunProgress
from quality.runs import reasons, repository, service
from quality.runs.states import RUN, RunAction, RunStatus
from quality.runs.tables import QualityRun


@dataclass(frozen=True, slots=True)
class RunProgressFacts:
    """A run and how it stands.

    :param position: in the queue, from 1, while it waits; those that run already are not counted.
    """

    run: QualityRun
    position: int | None
    progress: RunProgress


async def get_run_progress(session: AsyncSession, revision_id: UUID) -> RunProgressFacts:
    """The newest run of a revision: its place in the queue while it waits, how far it is while it runs.

    :raises NotFound: the revision was never to be checked.
    """
    run = await repository.latest_run(session, revision_id)
    if run is None:
        raise _no_run()
    position, progress = None, RunProgress(0, len(run.checks))
    match run.status:
        case RunStatus.QUEUED:
            position = await repository.count_queued_before(session, run) + 1
        case RunStatus.RUNNING:
            written = await repository.get_progress(session, run.id)
            if written is not None:
                progress = RunProgress(written.done, written.of, written.check)
        case RunStatus.DONE:
            progress = RunProgress(len(run.checks), len(run.checks))
        case RunStatus.FAILED | RunStatus.CANCELLED:
            pass
    return RunProgressFacts(run, position, progress)


async def cancel_run(session: AsyncSession, actor: Actor, revision_id: UUID) -> QualityRun:
    """Cancel the newest run of a revision; a worker that is at it stops within a second or two.

    Requesting a check again begins it anew.

    :raises NotFound: the revision was never to be checked.
    :raises RunStateForbids: the run has ended.
    """
    run = await repository.lock_latest_run(session, revision_id)
    if run is None:
        raise _no_run()
    run.status = RUN.next_state(run.status, RunAction.CANCEL)
    run.error, run.finished_at = reasons.CANCELLED, await now(session)
    await session.flush()
    await repository.delete_progress(session, run.id)
    await audit.record(
        session,
        actor,
        action="quality.cancelled",
        subject_kind="revision",
        subject_id=revision_id,
        detail={"run_id": str(run.id)},
    )
    return run


async def retry_run(session: AsyncSession, actor: Actor, revision_id: UUID) -> QualityRun:
    """Request the newest run of a revision again, which was cancelled or could not be carried out.

    One that is done is followed by a further run where the revision failed and some of its checks could not be
    carried out: they may have taken too long, or have found no file to refer to.

    :raises NotFound: the revision was never to be checked.
    :raises RunStateForbids: it waits, runs, or is done.
    """
    run = await repository.lock_latest_run(session, revision_id)
    if run is None:
        raise _no_run()
    moment = await now(session)
    if run.status is RunStatus.DONE and await _left_undone(session, revision_id):
        run = await service.add_further_run(session, run, actor, "requested again", moment)
        await service.enqueue(session, run, moment)
    else:
        await service.begin_anew(session, run, moment)
    await audit.record(
        session,
        actor,
        action="quality.requested_again",
        subject_kind="revision",
        subject_id=revision_id,
        detail={"run_id": str(run.id)},
    )
    return run


async def _left_undone(session: AsyncSession, revision_id: UUID) -> bool:
    """Whether a revision failed while some of its checks could not be carried out."""
    report = await repository.latest_report(session, revision_id)
    return (
        report is not None
        and not report.passed
        and any(check["status"] == CheckStatus.ERROR for check in report.checks)
    )


def _no_run() -> NotFound:
    return NotFound(
        Message("The revision has not been checked for quality."),
        remedy=Message("A check is requested when a file is uploaded."),
    )
