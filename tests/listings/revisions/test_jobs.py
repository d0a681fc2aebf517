"""What the worker removes, and what it leaves."""

import os
import time
from uuid import UUID

from infra.db import SessionMaker, new_id, transaction
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.objects import LocalStore
from infra.settings import Settings
from listings.revisions import service as revisions
from listings.revisions.jobs import GRACE_SECONDS, sweep
from listings.revisions.uploads import FOLDER
from tests.support.parties import Party
from tests.support.products import draft, upload


async def test_only_old_files_without_a_revision_go(
    owner: Party, operator: Party, settings: Settings, sessions: SessionMaker
) -> None:
    store = LocalStore(settings.objects_dir)
    product = await draft(owner, operator)
    await upload(operator, product["id"])
    async with transaction(sessions) as session:
        registered = await revisions.find_newest(session, UUID(product["id"]))
    assert registered is not None
    kept = store.path(registered.object_key)
    left_behind, fresh = (store.path(f"{FOLDER}/{new_id()}.parquet") for _ in range(2))
    for path in (left_behind, fresh):
        path.write_bytes(b"PAR1")
    long_ago = time.time() - GRACE_SECONDS - 1
    for path in (kept, left_behind):
        os.utime(path, (long_ago, long_ago))
    await sweep(JobContext(settings, sessions, store, KeyRing.load(settings.keys_dir)), {})
    assert kept.exists()
    assert fresh.exists()
    assert not left_behind.exists()
    fresh.unlink()
