"""What the worker does: look at the columns of a revision, in a bounded child process, and propose what they are."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from infra.child_process import ChildFailed, ChildProcess
from infra.db import AsyncSession, transaction
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import Job, JobContext
from infra.objects import ObjectMissing
from listings.classification import proposing
from listings.classification.proposals import Proposal
from listings.ingest.limits import MEBIBYTE, Limits
from listings.revisions import service as revisions
from listings.revisions.domain import RevisionFacts
from quality.runs.jobs import budget_of

SECONDS = 120
"""How long one look may take."""

_LIMITS = Limits(memory_bytes=512 * MEBIBYTE)

log = structlog.get_logger()


async def propose(context: JobContext, payload: dict[str, Any]) -> None:
    """Propose what the columns of a revision are; that its data cannot be looked at is logged."""
    revision_id = UUID(payload["revision_id"])
    async with transaction(context.sessions) as session:
        facts = await revisions.find_facts(session, revision_id)
        detected = await proposing.get_detected(session, revision_id)
    if facts is None:
        return
    try:
        async with context.store.reading(facts.object_key) as path:
            made = await _look(context, path, facts, detected)
    except (ObjectMissing, ChildFailed, ValueError) as failure:
        log.warning("columns_not_looked_at", revision_id=str(revision_id), reason=str(failure)[:300])
        return
    async with transaction(context.sessions) as session:
        await proposing.record(session, facts, made)


async def _look(
    context: JobContext, path: Path, facts: RevisionFacts, detected: list[tuple[str, str]]
) -> list[Proposal]:
    claim = await budget_of(context).take(_LIMITS.memory_bytes // MEBIBYTE, wait_s=None)
    with tempfile.TemporaryDirectory(prefix="columns-", ignore_cleanup_errors=True) as home:
        try:
            child = await ChildProcess.start(
                "listings.classification",
                limits=_LIMITS.process_limits(SECONDS),
                home=Path(home),
                claim=claim,
                environment={"MALLOC_ARENA_MAX": "2"},
            )
        finally:
            claim.release()
        request = {
            "path": str(path),
            "columns": [asdict(column) for column in facts.columns],
            "detected": detected,
        }
        try:
            answer = await child.ask(request, timeout_s=SECONDS)
        finally:
            await child.kill()
    if "failed" in answer:
        raise ValueError(answer["failed"])
    return [Proposal.from_json(document) for document in answer["proposals"]]


async def measured(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A quality check has ended: look at the columns too."""
    await proposing.request_proposals(session, event.subject_id)


JOBS = (Job(proposing.JOB, propose, attempts=3, concurrency=1),)
SUBSCRIBERS = (Subscriber("listings.classification", frozenset({EventKind.REVISION_MEASURED}), measured),)
