"""Puts the data plane of one process together, and takes it down in order."""

import gc
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import sqlalchemy as sa

from contracts.licences.tokens import LicenceVerifier
from infra import telemetry
from infra.db import SessionMaker
from infra.keys import KeyRing
from infra.objects import ObjectStore
from infra.settings import Settings
from listings.products import service as products
from listings.products.facts import RevisionFacts
from market.delivery.engine import Engine, PageCache
from market.delivery.service import CurrentRevisions, DataPlane
from market.metering.group_commit import Admission

_GARBAGE_THRESHOLDS = (10_000, 20, 20)
_SWITCH_SECONDS = 0.0002


@contextmanager
def tuned_interpreter() -> Iterator[None]:
    """The interpreter as a process of many short calls wants it.

    The garbage collector keeps away from what lives as long as the process: it looked through the libraries' hundreds
    of thousands of objects every few thousand calls, 70 ms at a time in which nobody is answered, a third of the
    process's time together. And the server's own thread, which hands requests over and takes answers back, waits for
    the interpreter 0.2 ms at most instead of 5: a fifth more calls a second at 16 connections, no fewer at 64.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@asynccontextmanager
async def data_plane(
    settings: Settings, *, database_url: str, sessions: SessionMaker, store: ObjectStore, keys: KeyRing
) -> AsyncIterator[DataPlane]:
    """The data plane, admitting on a connection of its own; at the end every waiting call is answered first.

    :param database_url: address of the service's own login.
    """
    dsn = sa.make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    admission = Admission(
        dsn,
        queue_limit=settings.admission_queue,
        batch_limit=settings.admission_batch,
        wait_seconds=settings.admission_wait_s,
    )
    engine = Engine(
        store.root,
        threads=settings.query_threads,
        memory_mb=settings.query_memory_mb,
        seconds=settings.query_timeout_s,
    )

    async def current_revision(product_id: UUID) -> RevisionFacts:
        async with sessions() as session:
            return await products.current_revision(session, product_id)

    await admission.start()
    try:
        plane = DataPlane(
            verifier=LicenceVerifier(keys, settings.base_url),
            revisions=CurrentRevisions(current_revision),
            store=store,
            engine=engine,
            cache=PageCache(settings.page_cache_mb * 1024 * 1024),
            admission=admission,
        )
        telemetry.count("market.data.calls", "Data calls by what became of them", plane.counted)
        telemetry.count(
            "market.metering.calls", "Calls that metering decided, and batches", admission.counted
        )
        with tuned_interpreter():
            yield plane
    finally:
        await admission.close()
        await engine.close()
