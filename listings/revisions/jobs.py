"""What the worker does for revisions."""

import asyncio
import time
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

import structlog

from infra.db import transaction
from infra.jobs import JobContext, Schedule
from infra.objects import ObjectStore
from listings.revisions import changes, repository
from listings.revisions.uploads import FOLDER

GRACE_SECONDS = 86_400
"""Age after which a file that belongs to no revision is removed."""

BATCH = 1000

log = structlog.get_logger()


async def sweep(context: JobContext, _: dict[str, Any]) -> None:
    """Remove files that a process left behind when it died between storing and registering them."""
    stored = iter(await asyncio.to_thread(_stored_before, context.store, time.time() - GRACE_SECONDS))
    while ids := list(islice(stored, BATCH)):
        async with transaction(context.sessions) as session:
            known = await repository.known_ids(session, ids)
        for revision_id in set(ids) - known:
            await asyncio.to_thread(context.store.discard, f"{FOLDER}/{revision_id}.parquet")
            log.info("unregistered_file_removed", revision_id=str(revision_id))


async def tell_effective(context: JobContext, _: dict[str, Any]) -> None:
    """Tell of changes of the columns that have come into force. The switch itself needs no job."""
    async with transaction(context.sessions) as session:
        untold = await repository.list_untold(session, BATCH)
    for change_id in untold:
        async with transaction(context.sessions) as session:
            if await changes.tell_effective(session, change_id):
                log.info("schema_change_effective", change_id=str(change_id))


def _stored_before(store: ObjectStore, moment: float) -> list[UUID]:
    return [UUID(PurePath(found.key).stem) for found in store.list(FOLDER) if found.modified_at < moment]


SCHEDULES = [
    Schedule("listings.sweep", "17 3 * * *", sweep),
    Schedule("listings.tell_effective", "* * * * *", tell_effective),
]
