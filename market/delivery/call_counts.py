"""Data calls counted by product in memory, and handed over to quality each minute: off the way of a call."""

import asyncio
from uuid import UUID

import structlog

from infra.db import SessionMaker, transaction
from quality.observations import service as observations
from quality.observations.domain import CallCounts

FLUSH_SECONDS = 60.0

log = structlog.get_logger()


class CallCounter:
    """Calls of one process since they were handed over last.

    What a caller did wrong is no call here; what the service could not answer is one that failed. Counts of a process
    that is killed are lost, of a minute at most: they measure, and nobody is billed by them.
    """

    def __init__(self) -> None:
        self._counts: dict[UUID, list[float]] = {}

    def add(self, product_id: UUID, seconds: float, *, succeeded: bool) -> None:
        """Count a call that took so long."""
        found = self._counts.get(product_id)
        if found is None:
            found = self._counts[product_id] = [0, 0, 0.0]
        found[0] += 1
        found[1] += succeeded
        found[2] += seconds

    def take(self) -> dict[UUID, CallCounts]:
        """What was counted since the last time."""
        counts, self._counts = self._counts, {}
        return {
            product_id: CallCounts(int(calls), int(succeeded), round(seconds * 1000))
            for product_id, (calls, succeeded, seconds) in counts.items()
        }

    def put_back(self, counts: dict[UUID, CallCounts]) -> None:
        """Count again what could not be handed over."""
        for product_id, found in counts.items():
            kept = self._counts.setdefault(product_id, [0, 0, 0.0])
            kept[0] += found.calls
            kept[1] += found.succeeded
            kept[2] += found.milliseconds / 1000

    async def flush(self, sessions: SessionMaker) -> None:
        """Hand over what was counted; what cannot be handed over now is kept for the next time."""
        counts = self.take()
        if not counts:
            return
        try:
            async with transaction(sessions) as session:
                await observations.record_calls(session, counts)
        except BaseException:
            self.put_back(counts)
            raise

    async def run(self, sessions: SessionMaker) -> None:
        """Hand over each minute until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush(sessions)
            except Exception:
                log.warning("calls_not_handed_over", exc_info=True)
