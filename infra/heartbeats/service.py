"""A worker's heartbeat, and who has been seen."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Mapping

import structlog

from infra.db import AsyncSession, SessionMaker, new_id, transaction
from infra.heartbeats import repository
from infra.heartbeats.domain import AWAY_AFTER, BEAT_SECONDS, SeenWorker, silences
from infra.outages import UNAVAILABLE
from infra.samples import Sample
from infra.tasks import TaskRegistry

_LEAVE_SECONDS = 2.0

log = structlog.get_logger()


class Heartbeat:
    """The heartbeat of this process.

    :param tasks: whose components it tells of.
    """

    def __init__(self, sessions: SessionMaker, tasks: TaskRegistry) -> None:
        self._sessions = sessions
        self._tasks = tasks
        self._id = new_id()
        self._host = socket.gethostname()
        self._last = time.monotonic()

    async def run(self) -> None:
        """Beat until cancelled; while the database is away, go on trying."""
        while True:
            down = sorted(name for name, status in self._tasks.components().items() if not status.up)
            try:
                async with asyncio.timeout(BEAT_SECONDS), transaction(self._sessions) as session:
                    await repository.beat(session, self._id, self._host, os.getpid(), down)
                self._last = time.monotonic()
            except UNAVAILABLE as error:
                log.warning("heartbeat_failed", error=type(error).__name__)
            await asyncio.sleep(BEAT_SECONDS)

    def problem(self) -> str | None:
        """Why nobody has heard of this process for a while."""
        late = time.monotonic() - self._last > AWAY_AFTER.total_seconds()
        return "the database cannot be reached" if late else None

    async def leave(self) -> None:
        """Say that this process ends in order; nothing when the database is away."""
        with contextlib.suppress(*UNAVAILABLE):
            async with asyncio.timeout(_LEAVE_SECONDS), transaction(self._sessions) as session:
                await repository.forget(session, self._id)


async def list_workers(session: AsyncSession) -> list[SeenWorker]:
    """Every worker of the last day, the one seen last first."""
    return await repository.seen(session)


async def _silences(session: AsyncSession) -> Mapping[str, float]:
    return silences(await list_workers(session))


SAMPLE = Sample(
    "market.worker.last_seen", "Time since a machine's worker was last seen", "s", "worker", _silences
)
"""For the API's metrics: a worker that is away cannot tell by its own."""
