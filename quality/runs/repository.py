"""Every SQL statement of quality."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from infra.db import AsyncSession
from quality.facts import RunProgress
from quality.runs.states import ReportStatus, RunStatus
from quality.runs.tables import QualityProgress, QualityReport, QualityRun, ReportSummary
from quality.waivers import service as waivers


async def ensure_run(session: AsyncSession, run: QualityRun) -> tuple[QualityRun, bool]:
    """The run of this revision and suite, locked; added when there is none. Says whether it was added."""
    statement = (
        insert(QualityRun)
        .values(**run.model_dump())
        .on_conflict_do_nothing(index_elements=["revision_id", "suite_digest"])
        .returning(col(QualityRun.id))
    )
    added = (await session.execute(statement)).scalar_one_or_none() is not None
    same = (
        select(QualityRun)
        .where(QualityRun.revision_id == run.revision_id, QualityRun.suite_digest == run.suite_digest)
        .with_for_update()
    )
    return (await session.exec(same)).one(), added


async def lock_run(session: AsyncSession, run_id: UUID) -> QualityRun | None:
    """A run, locked, as the database has it now."""
    statement = (
        select(QualityRun)
        .where(QualityRun.id == run_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def lock_latest_run(session: AsyncSession, revision_id: UUID) -> QualityRun | None:
    """The newest run of a revision that counts, locked."""
    statement = (
        select(QualityRun)
        .where(QualityRun.revision_id == revision_id, ~col(QualityRun.trial))
        .order_by(col(QualityRun.requested_at).desc(), col(QualityRun.id).desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def latest_run(session: AsyncSession, revision_id: UUID) -> QualityRun | None:
    """The newest run of a revision that counts."""
    statement = (
        select(QualityRun)
        .where(QualityRun.revision_id == revision_id, ~col(QualityRun.trial))
        .order_by(col(QualityRun.requested_at).desc(), col(QualityRun.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def latest_report(session: AsyncSession, revision_id: UUID) -> QualityReport | None:
    """The newest report on a revision that counts."""
    statement = (
        select(QualityReport)
        .join(QualityRun, col(QualityRun.id) == col(QualityReport.run_id))
        .where(QualityReport.revision_id == revision_id, ~col(QualityRun.trial))
        .order_by(col(QualityRun.requested_at).desc(), col(QualityRun.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def list_since(session: AsyncSession, since: datetime) -> AsyncIterator[QualityReport]:
    """The reports written since then, in the order of their ids, a few at a time."""
    last = UUID(int=0)
    while True:
        statement = (
            select(QualityReport)
            .where(col(QualityReport.measured_at) >= since, col(QualityReport.id) > last)
            .order_by(col(QualityReport.id))
            .limit(20)
            .execution_options(populate_existing=True)
        )
        found = (await session.exec(statement)).all()
        if not found:
            return
        for report in found:
            yield report
            session.expunge(report)
        last = found[-1].id


async def find_trial(
    session: AsyncSession, revision_id: UUID, suite_id: UUID
) -> tuple[QualityRun, QualityReport | None] | None:
    """The run of a revision by a version of a suite, whether it counts or not, with its report."""
    statement = (
        select(QualityRun, QualityReport)
        .outerjoin(QualityReport, col(QualityReport.run_id) == col(QualityRun.id))
        .where(col(QualityRun.revision_id) == revision_id, col(QualityRun.suite_id) == suite_id)
        .order_by(col(QualityRun.requested_at).desc(), col(QualityRun.id).desc())
        .limit(1)
    )
    row = (await session.exec(statement)).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def latest_summaries(session: AsyncSession, revision_ids: Collection[UUID]) -> list[ReportSummary]:
    """The newest report on each of these revisions that has one that counts, without its checks."""
    statement = (
        sa.select(
            col(QualityReport.id),
            col(QualityReport.revision_id),
            col(QualityReport.measured_at),
            col(QualityReport.status),
            col(QualityReport.grade),
            col(QualityReport.score),
            col(QualityReport.dimensions),
        )
        .join(QualityRun, col(QualityRun.id) == col(QualityReport.run_id))
        .where(col(QualityReport.revision_id).in_(revision_ids), ~col(QualityRun.trial))
        .ext(distinct_on(col(QualityReport.revision_id)))
        .order_by(
            col(QualityReport.revision_id),
            col(QualityRun.requested_at).desc(),
            col(QualityRun.id).desc(),
        )
    )
    return [ReportSummary(*row) for row in (await session.execute(statement)).all()]


async def latest_statuses(
    session: AsyncSession, revision_ids: Collection[UUID]
) -> Sequence[tuple[UUID, RunStatus, ReportStatus | None, str | None]]:
    """Per revision, the status of its newest run, that of the run's report, and why the run failed.

    A report that is waived counts as passed.
    """
    statement = (
        sa.select(
            col(QualityRun.revision_id),
            col(QualityRun.status),
            sa.case(
                (
                    waivers.in_force(col(QualityReport.id)),
                    sa.literal(ReportStatus.PASSED.value),
                ),
                else_=sa.cast(col(QualityReport.status), sa.String),
            ),
            col(QualityRun.error),
        )
        .outerjoin(QualityReport, col(QualityReport.run_id) == col(QualityRun.id))
        .where(col(QualityRun.revision_id).in_(revision_ids), ~col(QualityRun.trial))
        .ext(distinct_on(col(QualityRun.revision_id)))
        .order_by(col(QualityRun.revision_id), col(QualityRun.requested_at).desc(), col(QualityRun.id).desc())
    )
    found = (await session.execute(statement)).all()
    return [(row[0], row[1], ReportStatus(row[2]) if row[2] else None, row[3]) for row in found]


def has_passed(revision_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """A condition: the newest run of the revision in this column is done, and its report passed or is waived."""
    later = aliased(QualityRun)
    followed = (
        sa.select(1)
        .where(
            col(later.revision_id) == col(QualityRun.revision_id),
            ~col(later.trial),
            sa.tuple_(col(later.requested_at), col(later.id))
            > sa.tuple_(col(QualityRun.requested_at), col(QualityRun.id)),
        )
        .exists()
    )
    return (
        sa.select(1)
        .select_from(QualityRun)
        .join(QualityReport, col(QualityReport.run_id) == col(QualityRun.id))
        .where(
            col(QualityRun.revision_id) == revision_id,
            ~col(QualityRun.trial),
            ~followed,
            col(QualityRun.status) == RunStatus.DONE,
            sa.or_(col(QualityReport.status) == ReportStatus.PASSED, waivers.in_force(col(QualityReport.id))),
        )
        .exists()
    )


async def is_running(session: AsyncSession, run_id: UUID, started_at: datetime) -> bool:
    """Whether a run still is what was started then."""
    statement = (
        sa.select(1)
        .select_from(QualityRun)
        .where(
            col(QualityRun.id) == run_id,
            col(QualityRun.status) == RunStatus.RUNNING,
            col(QualityRun.started_at) == started_at,
        )
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def write_progress(session: AsyncSession, run_id: UUID, progress: RunProgress) -> None:
    """Write down how far a run is."""
    values = {
        "done": progress.done,
        "of": progress.of,
        "check": progress.check,
        "updated_at": sa.func.now(),
    }
    statement = insert(QualityProgress).values(run_id=run_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["run_id"], set_=values))


async def get_progress(session: AsyncSession, run_id: UUID) -> QualityProgress | None:
    """How far a run is, where that was written down."""
    return (await session.exec(select(QualityProgress).where(QualityProgress.run_id == run_id))).one_or_none()


async def delete_progress(session: AsyncSession, run_id: UUID) -> None:
    """Forget how far a run was, which has ended or begins anew."""
    await session.execute(sa.delete(QualityProgress).where(col(QualityProgress.run_id) == run_id))


async def count_queued_before(session: AsyncSession, run: QualityRun) -> int:
    """Queued runs that were requested before this one."""
    before = sa.tuple_(col(QualityRun.requested_at), col(QualityRun.id)) < sa.tuple_(
        sa.literal(run.requested_at), sa.literal(run.id)
    )
    statement = sa.select(sa.func.count()).where(col(QualityRun.status) == RunStatus.QUEUED, before)
    return (await session.execute(statement)).scalar_one()
