"""Trying a revision out: pages of it, made by the data plane's own code, before anybody may buy them.

A child process makes them, as the data plane is set up: with its memory, its threads and its time. What it cannot make
there would answer every buyer with 500 or 503.

What buyers read is withdrawn only when the fault is the revision's: a known table must be readable there and then, and
the object store must hold other files. A machine that is starved, half updated or without its disk withdraws nothing.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from infra.child_process import ChildCrashed, ChildProcess, ChildTimedOut, ProcessLimits
from infra.db import transaction
from infra.jobs import Job, JobContext, Schedule
from infra.objects import ObjectMissing, ObjectStore
from infra.settings import CANARY_MB
from listings.ingest.result import Column, Kind
from listings.revisions import service as revisions
from listings.revisions.domain import TRY_OUT_JOB, RevisionFacts
from listings.revisions.uploads import FOLDER
from quality.runs import reasons
from quality.runs import service as quality
from quality.runs.jobs import budget_of

_MEBIBYTE = 1024 * 1024
_TRIES = 2
_BATCH = 200
_KNOWN_COLUMNS = (
    Column("n", "n", Kind.INTEGER, "BIGINT", False),
    Column("t", "t", Kind.TEXT, "VARCHAR", False),
)
_KNOWN_ROWS = 60

log = structlog.get_logger()


class MachineAtFault(Exception):
    """No revision could be tried out on this machine at present; whose fault it is cannot be said."""


async def try_out(context: JobContext, revision_id: UUID) -> str | None:
    """Make pages of a revision as the data plane would.

    :return: why it cannot be served, for a person; None when it can.
    """
    async with transaction(context.sessions) as session:
        facts = await revisions.find_facts(session, revision_id)
    if facts is None:
        return reasons.NO_REVISION
    reason = None
    for _ in range(_TRIES):  # a machine that is busy for a moment is no fault of the revision
        reason = await _tried(context, facts)
        if reason is None:
            return None
    return reasons.CANNOT_BE_SERVED.of(reason=reason)


async def _tried(context: JobContext, facts: RevisionFacts) -> str | None:
    try:
        async with context.store.reading(facts.object_key) as path:
            return await _make_pages(context, path, facts.columns, facts.rows, facts.row_bytes)
    except ObjectMissing:
        return reasons.NO_FILE


async def _make_pages(
    context: JobContext, path: Path | None, columns: Sequence[Column], rows: int, row_bytes: int | None
) -> str | None:
    """Have a child make pages of a file; without a path, of a table that it writes itself."""
    settings = context.settings
    megabytes = settings.query_memory_mb + CANARY_MB
    claim = await budget_of(context).take(megabytes, wait_s=None)
    with tempfile.TemporaryDirectory(prefix="canary-", ignore_cleanup_errors=True) as home:
        try:
            child = await ChildProcess.start(
                "market.delivery.canary_child",
                limits=ProcessLimits(resident_bytes=megabytes * _MEBIBYTE),
                home=Path(home),
                claim=claim,
            )
        finally:
            claim.release()
        request = {
            "root": home if path is None else str(context.store.folder),
            "path": None if path is None else str(path),
            "columns": [asdict(column) for column in columns],
            "rows": rows,
            "row_bytes": row_bytes,
            "threads": settings.query_threads,
            "memory_mb": settings.query_memory_mb,
            "seconds": settings.query_timeout_s,
        }
        try:
            answer = await child.ask(request, timeout_s=settings.quality_timeout_s)
        except ChildTimedOut:
            return reasons.PAGES_TOO_SLOW.of(seconds=settings.quality_timeout_s)
        except ChildCrashed as crash:
            return (
                reasons.PAGES_TOO_LARGE
                if crash.out_of_memory
                else reasons.PAGES_ENDED.of(ending=crash.ending)
            )
        finally:
            await child.kill()
    reason: str | None = answer["reason"]
    return reason


async def _check_machine(context: JobContext) -> None:
    """Tell a fault of the machine from one of a revision.

    :raises MachineAtFault: the object store is empty, or pages of a known table cannot be made either.
    """
    if not await asyncio.to_thread(_holds_revisions, context.store):
        raise MachineAtFault("the object store holds no revision: is it mounted, is it the right one?")
    reason = await _make_pages(context, None, _KNOWN_COLUMNS, _KNOWN_ROWS, None)
    if reason is not None:
        raise MachineAtFault(f"a table that can be served cannot be tried out: {reason}")


def _holds_revisions(store: ObjectStore) -> bool:
    return next(iter(store.list(FOLDER)), None) is not None


async def recheck(context: JobContext, payload: dict[str, Any]) -> None:
    """Try a revision that buyers read out again; withdraw it when it cannot be served.

    :raises MachineAtFault: nothing can be tried out here at present, and nothing was withdrawn; the queue tries again.
    """
    revision_id = UUID(payload["revision_id"])
    reason = await try_out(context, revision_id)
    if reason is None:
        return
    await _check_machine(context)
    async with transaction(context.sessions) as session:
        if await quality.withdraw(session, revision_id, reason):
            log.error("revision_withdrawn", revision_id=str(revision_id), reason=reason)
            await revisions.publish_successor(session, revision_id)


async def recheck_all(context: JobContext, _: dict[str, Any]) -> None:
    """Try out what buyers read of every product: a file may have been damaged, or be from before there was a try."""
    last: UUID | None = None
    while True:
        async with transaction(context.sessions) as session:
            product_ids = await revisions.list_product_ids(session, last, _BATCH)
            current = [await revisions.find_newest_passed(session, product_id) for product_id in product_ids]
        for row in current:
            if row is not None:
                await recheck(context, {"revision_id": str(row.id)})
        if not product_ids:
            return
        last = product_ids[-1]


JOBS = [Job(TRY_OUT_JOB, recheck, attempts=5, concurrency=1)]
SCHEDULES = [Schedule("delivery.recheck", "41 4 * * *", recheck_all)]
