"""What the worker does: repeat an approved draw on a new revision, and draw first rows anew where rules changed."""

from typing import Any
from uuid import UUID

import structlog

from infra import jobs
from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import Job, JobContext
from listings.revisions.domain import SAMPLE_JOB
from listings.samples import service
from listings.samples.errors import DrawRefused
from quality.runs.jobs import budget_of

log = structlog.get_logger()


async def refresh(context: JobContext, payload: dict[str, Any]) -> None:
    """Bring the sample of a revision up to the rules of now. A draw that does not fit its columns is logged."""
    draw = service.DrawContext(context.sessions, context.store, budget_of(context))
    try:
        await service.refresh(draw, UUID(payload["revision_id"]))
    except DrawRefused as refused:
        log.warning("sample_not_drawn", revision_id=payload["revision_id"], reason=str(refused))


async def measured(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A quality check has ended: draw the sample of the new revision."""
    payload = {"revision_id": str(event.subject_id)}
    await jobs.enqueue(session, SAMPLE_JOB, payload, dedupe_key=f"{SAMPLE_JOB}:{event.subject_id}")


JOBS = (Job(SAMPLE_JOB, refresh, attempts=3, concurrency=1),)
SUBSCRIBERS = (Subscriber("listings.samples", frozenset({EventKind.REVISION_MEASURED}), measured),)
