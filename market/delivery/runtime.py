"""Puts the data plane of one process together, and takes it down in order."""

import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import sqlalchemy as sa

from contracts.licences import service as licences
from contracts.licences.notices import StopNotice
from contracts.licences.tokens import LicenceVerifier
from infra import telemetry
from infra.db import SessionMaker
from infra.keys import KeyRing
from infra.objects import ObjectStore
from infra.settings import Settings
from infra.tasks import TaskRegistry
from listings.revisions import reading
from listings.revisions import service as listed_revisions
from listings.revisions.domain import CurrentRevision, ReadableRevision
from market.delivery import news
from market.delivery.engine import Engine, PageCache
from market.delivery.service import DataPlane, FirstAnswer, Revisions
from market.delivery.stop_notices import StopNotices
from market.metering import service as metering
from market.metering.group_commit import Admission

_GARBAGE_THRESHOLDS = (10_000, 20, 20)


@contextmanager
def relaxed_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector away from what lives as long as the process.

    The libraries' hundreds of thousands of objects were looked through every few thousand calls: 70 ms at a time, in
    which nobody is answered, and together a third of the process's time.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@asynccontextmanager
async def data_plane(
    settings: Settings,
    *,
    database_url: str,
    sessions: SessionMaker,
    store: ObjectStore,
    keys: KeyRing,
    tasks: TaskRegistry,
) -> AsyncIterator[DataPlane]:
    """The data plane, admitting on a connection of its own; at the end every waiting call is answered first.

    :param database_url: address of the service's own login.
    :param tasks: watches what runs all the time.
    """
    dsn = sa.make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    admission = Admission(
        dsn,
        queue_limit=settings.admission_queue,
        batch_limit=settings.admission_batch,
        wait_seconds=settings.admission_wait_s,
        tasks=tasks,
    )
    engine = Engine(
        store.folder,
        threads=settings.query_threads,
        memory_mb=settings.query_memory_mb,
        seconds=settings.query_timeout_s,
        tasks=tasks,
    )

    async def current_revision(product_id: UUID) -> CurrentRevision:
        async with sessions() as session:
            return await listed_revisions.get_current(session, product_id)

    async def explain_stop(licence_id: UUID) -> StopNotice | None:
        async with sessions() as session:
            return await licences.explain_stop(session, licence_id)

    async def find_revision(product_id: UUID, revision_id: UUID) -> ReadableRevision | None:
        async with sessions() as session:
            return await reading.find_readable_revision(session, product_id, revision_id)

    async def first_answer(licence_id: UUID, record_id: UUID) -> FirstAnswer | None:
        async with sessions() as session:
            record = await metering.find_record(session, licence_id, record_id)
        return FirstAnswer(record.revision_id, record.units["rows"]) if record else None

    await admission.start()
    try:
        plane = DataPlane(
            verifier=LicenceVerifier(keys, settings.base_url),
            revisions=Revisions(current_revision, find_revision),
            first_answer=first_answer,
            store=store,
            engine=engine,
            cache=PageCache(settings.page_cache_mb * 1024 * 1024),
            admission=admission,
            stop_notices=StopNotices(explain_stop),
        )
        telemetry.count("market.data.calls", "Data calls by outcome", plane.metrics)
        telemetry.count(
            "market.metering.calls", "Calls that metering decided, and batches", admission.metrics
        )
        telemetry.count(
            "market.metering.credits",
            "Calls credited because they could not be answered",
            admission.answers.metrics,
        )
        tasks.start("revision-news", lambda: news.listen(dsn, plane), essential=False)
        tasks.start("call-counts", lambda: plane.calls.run(sessions), essential=False)
        with relaxed_garbage_collection():
            yield plane
        with contextlib.suppress(Exception):  # they measure, and nobody waits for them
            await plane.calls.flush(sessions)
    finally:
        await admission.close()
        await engine.close()
