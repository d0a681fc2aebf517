"""What the worker does all the time for events: dispatch them, and run subscribers' handlers.

Not jobs of the queue: that one knows no order, and completes a job after its transaction instead of within it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from uuid import UUID

import structlog

from infra import wakeups
from infra.db import transaction
from infra.events import repository, service
from infra.events.domain import Attempt, DeliveryStatus, after_failure, error_text, retry_delay
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from infra.telemetry.work import observe_work

CONCURRENCY = 4
"""Subjects that one worker delivers at once; each holds one database connection."""

AHEAD = 100
"""Subjects that are looked up at once, to be delivered one after another."""

GRACE_SECONDS = 10.0
"""Handlers get so long to end when the worker stops; what is cut off is rolled back and delivered again."""

Stream = tuple[str, UUID]
"""A subscriber's name and a subject: the events of one are delivered to the other one after another."""

log = structlog.get_logger()


async def run(url: str, context: JobContext, subscribers: Sequence[Subscriber], stop: asyncio.Event) -> None:
    """Deliver events to their subscribers until told to stop.

    :param url: of the service's own login, for the connection that is notified of new events.
    """
    deliveries = Deliveries(context, subscribers)
    try:
        await wakeups.keep_going(url, repository.CHANNEL, deliveries.round, wake=deliveries.wake, stop=stop)
    finally:
        await deliveries.close()


class Deliveries:
    """The deliveries under way in one worker."""

    def __init__(self, context: JobContext, subscribers: Sequence[Subscriber]) -> None:
        self.wake = asyncio.Event()
        self._context = context
        self._subscribers = {subscriber.name: subscriber for subscriber in subscribers}
        assert len(self._subscribers) == len(subscribers), "two subscribers have one name"
        self._running: dict[asyncio.Task[None], Stream] = {}
        self._ahead: deque[Stream] = deque()

    async def round(self) -> None:
        """Dispatch what was published, look up what is due, and start on it as far as there is room."""
        async with transaction(self._context.sessions) as session:
            dispatched = await service.dispatch(session, list(self._subscribers.values()))
        if dispatched == service.DISPATCH_BATCH:
            self.wake.set()
        if not self._ahead:
            async with transaction(self._context.sessions) as session:
                due = await repository.due_streams(session, self._subscribers, AHEAD)
            self._ahead.extend(stream for stream in due if stream not in self._running.values())
        self._start()

    def _start(self) -> None:
        while self._ahead and len(self._running) < CONCURRENCY:
            stream = self._ahead.popleft()
            task = asyncio.create_task(self._deliver(*stream))
            self._running[task] = stream
            task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Wait for what is under way, then cut it off."""
        self._ahead.clear()
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE_SECONDS)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # The database went away, most likely: what was under way is rolled back, and due again.
            log.error("delivery_interrupted", exc_info=error)
            self._ahead.clear()
        elif self._ahead:
            self._start()
        else:
            # Something may have become due between its last look and now.
            self.wake.set()

    async def _deliver(self, name: str, subject_id: UUID) -> None:
        """Deliver the events of one subject to one subscriber, as many as are due, one after another."""
        subscriber = self._subscribers[name]
        while await self._deliver_next(subscriber, subject_id):
            pass

    async def _deliver_next(self, subscriber: Subscriber, subject_id: UUID) -> bool:
        """Deliver one event; answers whether the next one may follow."""
        attempt: Attempt | None = None
        try:
            async with (
                asyncio.timeout(subscriber.timeout.total_seconds()),
                transaction(self._context.sessions) as session,
            ):
                found = await repository.lock_next(session, subscriber.name, subject_id)
                if found is None:
                    return False
                attempt, event = found
                with (
                    structlog.contextvars.bound_contextvars(
                        subscriber=subscriber.name, event_kind=event.kind.value, event_id=str(event.id)
                    ),
                    observe_work("delivery", subscriber.name, event.trace_headers),
                ):
                    await subscriber.handler(self._context, session, event)
                await repository.complete(session, attempt.delivery_id)
        except Exception as error:
            if attempt is None:
                raise
            await self._failed(subscriber, attempt, error)
            return False
        return True

    async def _failed(self, subscriber: Subscriber, attempt: Attempt, error: Exception) -> None:
        status = after_failure(attempt.number, subscriber.attempts)
        log.error(
            "event_held" if status is DeliveryStatus.DEAD else "event_failed",
            subscriber=subscriber.name,
            event_id=str(attempt.event_id),
            attempt=attempt.number,
            exc_info=error,
        )
        async with transaction(self._context.sessions) as session:
            await repository.fail(
                session,
                attempt,
                status=status,
                delay=retry_delay(attempt.number),
                error=error_text(error),
            )
