"""A data plane on a real database, a real key ring and a real Parquet file, behind a route of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from litestar import Litestar

from contracts.licences import service as licences
from contracts.licences.notices import StopNotice
from contracts.licences.tokens import LicenceVerifier
from infra import edge, problems
from infra.db import SessionMaker
from infra.keys import KeyRing
from infra.objects import LocalStore
from listings.revisions.domain import CurrentRevision, ReadableRevision
from market.delivery.api import read_records
from market.delivery.engine import Engine, PageCache
from market.delivery.service import DataPlane, FirstAnswer, Revisions
from market.delivery.stop_notices import StopNotices
from market.metering import service as metering
from market.metering.group_commit import Admission
from tests.support.database import TestDatabase
from tests.support.delivery import ISSUER, Shop


@pytest.fixture
async def shop(database: TestDatabase, sessions: SessionMaker, tmp_path: Path) -> AsyncIterator[Shop]:
    """A product with 120 rows, ready to be called."""
    app = Litestar([read_records], exception_handlers=problems.HANDLERS, openapi_config=None)
    app.asgi_handler = edge.guarded(app.asgi_handler, body_seconds=30)
    made = Shop(app, LocalStore(tmp_path / "objects"), KeyRing.load(tmp_path / "keys"))
    made.publish()

    async def look_up(_: UUID) -> CurrentRevision:
        assert made.revision is not None
        return CurrentRevision(made.revision)

    async def explain_stop(licence_id: UUID) -> StopNotice | None:
        async with sessions() as session:
            return await licences.explain_stop(session, licence_id)

    async def find(_: UUID, revision_id: UUID) -> ReadableRevision | None:
        return made.revisions.get(revision_id)

    async def first_answer(licence_id: UUID, record_id: UUID) -> FirstAnswer | None:
        async with sessions() as session:
            record = await metering.find_record(session, licence_id, record_id)
        return FirstAnswer(record.revision_id, record.units["rows"]) if record else None

    admission = Admission(database.service_url, wait_seconds=3)
    engine = Engine(made.store.root, threads=2, memory_mb=128, seconds=5)
    await admission.start()
    app.state.data_plane = DataPlane(
        verifier=LicenceVerifier(made.keys, ISSUER),
        revisions=Revisions(look_up, find),
        first_answer=first_answer,
        store=made.store,
        engine=engine,
        cache=PageCache(1024 * 1024),
        admission=admission,
        stop_notices=StopNotices(explain_stop),
    )
    yield made
    await admission.close()
    await engine.close()
