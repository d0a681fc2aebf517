"""Jobs of the queue that failed for the last time: list, read, retry or drop them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pgqueuer.models import Job
from pgqueuer.types import JobId

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import Conflict, NotFound
from infra.jobs import queries
from infra.messages import Message

MOST = 200
"""So many are listed at once; retry or drop some to see older ones."""


_LAST_FAILURE = sa.text(
    "SELECT traceback ->> 'exception_type' AS kind, traceback ->> 'exception_message' AS message FROM pgqueuer_log"
    " WHERE job_id = :id AND traceback IS NOT NULL ORDER BY created DESC, id DESC LIMIT 1"
)


class JobNotHeld(Conflict):
    """The job waits or runs."""

    slug = "job-not-held"
    title = Message("This job is not held")


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job after its last attempt.

    :param error: type and message of the last failure, where the log still has it.
    """

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    failed_at: datetime
    error: str | None


async def list_held_jobs(session: AsyncSession, limit: int = MOST) -> Sequence[HeldJob]:
    """Jobs that are held, newest first."""
    found = await (await queries(session)).list_failed_jobs(limit)
    return [await _read(session, job) for job in found]


async def get_held_job(session: AsyncSession, job_id: int) -> HeldJob:
    """One job that is held.

    :raises NotFound: there is no such job (any more).
    :raises JobNotHeld: it waits or runs.
    """
    return await _read(session, await _held(session, job_id))


async def retry(session: AsyncSession, actor: Actor, job_id: int) -> HeldJob:
    """Run a held job again, with all its attempts.

    :raises JobNotHeld: it waits or runs.
    """
    job = await _held(session, job_id)
    read = await _read(session, job)
    await (await queries(session)).requeue_jobs([job.id])
    await _record(session, actor, "job.retried", read, {})
    return read


async def drop(session: AsyncSession, actor: Actor, job_id: int, reason: str) -> HeldJob:
    """Delete a held job.

    :raises JobNotHeld: it waits or runs.
    """
    job = await _held(session, job_id)
    read = await _read(session, job)
    await (await queries(session)).log_jobs([(job, "deleted", None)])
    await _record(session, actor, "job.dropped", read, {"reason": reason})
    return read


async def _held(session: AsyncSession, job_id: int) -> Job:
    # Two people may decide at once: the second one waits here, and then reads what the first one did.
    await session.execute(sa.text("SELECT id FROM pgqueuer WHERE id = :id FOR UPDATE"), {"id": job_id})
    job = await (await queries(session)).queue_job_by_id(JobId(job_id))
    if job is None:
        raise NotFound(Message("There is no job {job_id}.", job_id=job_id))
    if job.status != "failed":
        raise JobNotHeld(Message("The job waits or runs; only a job that is held can be retried or dropped."))
    return job


async def _read(session: AsyncSession, job: Job) -> HeldJob:
    failure = (await session.execute(_LAST_FAILURE, {"id": job.id})).one_or_none()
    return HeldJob(
        id=int(job.id),
        name=job.entrypoint,
        payload=json.loads(job.payload or b"{}"),
        attempts=job.attempts + 1,
        created_at=job.created,
        failed_at=job.updated,
        error=f"{failure.kind}: {failure.message}" if failure else None,
    )


async def _record(
    session: AsyncSession, actor: Actor, action: str, job: HeldJob, detail: dict[str, Any]
) -> None:
    await audit.record(
        session,
        actor,
        action=action,
        subject_kind="job",
        subject_id=UUID(int=job.id),
        detail={"job_id": job.id, "job": job.name, **detail},
    )
