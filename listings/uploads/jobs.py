"""What the worker does for uploads."""

import asyncio
import contextlib
import shutil
import time
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from infra.db import now, transaction
from infra.jobs import Job, JobContext, Schedule
from infra.objects import ObjectStore
from listings.uploads import domain, repository, running, scheduling, service

STALLED = timedelta(minutes=15)
"""An upload of which nothing was heard for so long is asked for again: its job was dropped by hand, say."""

GRACE_SECONDS = 86_400
"""Age after which a piece that belongs to no upload is removed."""

BATCH = 200

log = structlog.get_logger()


async def fetch_due(context: JobContext, _: dict[str, Any]) -> None:
    """Begin the fetches of sources whose time has come."""
    async with transaction(context.sessions) as session:
        due = await repository.due_sources(session, BATCH)
    for source_id in due:
        async with transaction(context.sessions) as session:
            await scheduling.run_due(session, context.settings, source_id)


async def sweep(context: JobContext, _: dict[str, Any]) -> None:
    """End uploads whose bytes stopped coming, remove pieces of those that have ended, and ask for forgotten ones."""
    async with transaction(context.sessions) as session:
        abandoned = await repository.abandoned(session, BATCH)
        stalled = await repository.stalled(session, await now(session) - STALLED, BATCH)
    for upload_id in abandoned:
        async with transaction(context.sessions) as session:
            await service.expire(session, upload_id)
    for upload_id in stalled:
        async with transaction(context.sessions) as session:
            await service.enqueue(session, upload_id)
    async with transaction(context.sessions) as session:
        ended = await repository.ended_with_parts(session, BATCH)
    for upload_id in ended:
        await running.discard(context, upload_id)


async def sweep_objects(context: JobContext, _: dict[str, Any]) -> None:
    """Remove pieces that were stored and never registered, since a process died in between."""
    stored = iter(await asyncio.to_thread(_stored_before, context.store, time.time() - GRACE_SECONDS))
    while keys := list(islice(stored, BATCH)):
        async with transaction(context.sessions) as session:
            known = await repository.known_keys(session, keys)
        unknown = [key for key in keys if key not in known]
        await asyncio.to_thread(service.discard_parts, context.store, unknown)
        if unknown:
            log.info("unregistered_parts_removed", count=len(unknown))


async def sweep_spool(context: JobContext, _: dict[str, Any]) -> None:
    """Remove what processes that were killed left behind of files on their way in."""
    gone = await asyncio.to_thread(_sweep_folder, context.settings.spool_dir, time.time() - GRACE_SECONDS)
    if gone:
        log.info("spooled_files_removed", count=gone)


def _sweep_folder(folder: Path, moment: float) -> int:
    gone = 0
    for path in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # its work ended
            if path.stat().st_mtime < moment:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                gone += 1
    return gone


def _stored_before(store: ObjectStore, moment: float) -> list[str]:
    return [found.key for found in store.list(domain.FOLDER) if found.modified_at < moment]


JOBS = [Job(domain.JOB, running.run, attempts=domain.MAX_ATTEMPTS, concurrency=2)]
SCHEDULES = [
    Schedule("uploads.fetch_due", "* * * * *", fetch_due),
    Schedule("uploads.sweep", "*/10 * * * *", sweep),
    Schedule("uploads.sweep_spool", "29 3 * * *", sweep_spool),
    Schedule("uploads.sweep_objects", "23 3 * * *", sweep_objects),
]
