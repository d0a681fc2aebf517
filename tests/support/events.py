"""A worker for events alone, and what tests publish."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from infra.db import AsyncSession, SessionMaker, new_id, transaction
from infra.events import runner, service
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.objects import LocalStore
from infra.settings import Settings
from tests.support.database import TestDatabase

KIND = EventKind.PRODUCT_PUBLISHED


def context_of(settings: Settings, sessions: SessionMaker) -> JobContext:
    """What handlers work with."""
    return JobContext(settings, sessions, LocalStore(settings.objects_dir), KeyRing.load(settings.keys_dir))


def subscriber(
    handler: Callable[[AsyncSession, Event], Awaitable[None]], *, attempts: int = 10, name: str | None = None
) -> Subscriber:
    """A subscriber of its own name, which hears :data:`KIND`."""

    async def handle(_: JobContext, session: AsyncSession, event: Event) -> None:
        await handler(session, event)

    return Subscriber(name or f"test.{new_id()}", frozenset({KIND}), handle, attempts=attempts)


async def publish(sessions: SessionMaker, subject_id: UUID, **payload: Any) -> Event:
    """Publish an event in a transaction of its own."""
    async with transaction(sessions) as session:
        return await service.publish(session, KIND, subject_id=subject_id, organisations=[], payload=payload)


@asynccontextmanager
async def delivering(
    database: TestDatabase, settings: Settings, sessions: SessionMaker, subscribers: Sequence[Subscriber]
) -> AsyncIterator[None]:
    """Run a worker's deliveries meanwhile."""
    stop = asyncio.Event()
    running = asyncio.create_task(
        runner.run(database.service_url, context_of(settings, sessions), subscribers, stop)
    )
    try:
        yield
    finally:
        stop.set()
        await running


async def until(true: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until something holds; it may be awaitable."""
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


async def effects(database: TestDatabase, subject_id: UUID) -> list[str]:
    """What handlers wrote about a subject into the audit log, in the order of writing."""
    connection = await asyncpg.connect(database.service_url)
    try:
        rows = await connection.fetch(
            "SELECT action FROM audit_entries WHERE subject_id = $1 ORDER BY id", subject_id
        )
    finally:
        await connection.close()
    return [row["action"] for row in rows]
