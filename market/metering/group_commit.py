"""Group commit: calls join the current batch, one database function decides it, every caller is answered after.

While one batch is with the database the next one collects, so a batch is as large as the load makes it: a single
call travels alone, a thousand at once travel together, and no timer makes anybody wait.

Nothing is answered that is not durable. When the connection is lost the outcome of a batch is unknown; it is sent
again with the same ids on a new connection, and the function recognises what it had already admitted.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import structlog
from prometheus_client import Histogram

from infra.errors import Unavailable
from infra.messages import Message
from infra.outages import is_fatal
from infra.tasks import TaskRegistry
from market.metering import admission_sql
from market.metering.answers import AnswerLog
from market.metering.connection import STATEMENT_SECONDS, TRANSIENT, Connection
from market.metering.domain import Call, Decision, Outcome

log = structlog.get_logger()

# Straight with Prometheus' library: OpenTelemetry's histogram costs five times as much, and with few connections every
# call is a batch of its own.
_batch_calls = Histogram(
    "market_metering_batch_calls",
    "Calls that were decided together",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
)
_batch_seconds = Histogram(
    "market_metering_batch_seconds",
    "Time from a batch's oldest call to its decision",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_EXPIRE_SECONDS = 0.25
_INTERRUPTED_SECONDS = 2.0


class MeteringBusy(Unavailable):
    """More calls wait than may."""

    slug = "metering-busy"
    title = Message("Too many calls wait to be metered")


class MeteringAway(Unavailable):
    """The call could not be metered in time, so it is not answered."""

    slug = "metering-unavailable"
    title = Message("Calls cannot be metered at the moment")


class PendingCall(NamedTuple):
    """A call in the queue, the moment (event loop's clock) its caller gives up, and where the decision goes."""

    call: Call
    deadline: float
    answer: asyncio.Future[Decision]


class Admits(Protocol):
    """What delivery needs of metering.

    :ivar answers: gives the ids of the records, and is told of each admitted call whether it was answered.
    """

    answers: AnswerLog

    async def admit(self, call: Call) -> Decision:
        """Decide on one call."""


class Admission:
    """Admits calls by group commit, on connections of its own. One to a process.

    :param dsn: address of the service's own login, as libpq writes it.
    :param queue_limit: calls that may wait; one more is refused with 503.
    :param batch_limit: calls in one batch at most.
    :param wait_seconds: how long a call waits, database gone or slow, before it is refused with 503.
    :param tasks: watches the tasks of this; one of its own without it.
    """

    # One batch at a time: on two cores two connections in flight were no faster (50,000 decisions/s at 128 in flight
    # either way), and with one the order of arrival is the order of admission.

    def __init__(
        self,
        dsn: str,
        *,
        queue_limit: int = 8192,
        batch_limit: int = 512,
        wait_seconds: float = 10,
        tasks: TaskRegistry | None = None,
    ) -> None:
        self._dsn = dsn
        self._queue_limit = queue_limit
        self._batch_limit = batch_limit
        self._wait_seconds = wait_seconds
        self._queue: deque[PendingCall] = deque()
        self._sent: list[PendingCall] = []
        self._on_the_way = False
        self.answers = AnswerLog(dsn)
        self._wake = asyncio.Event()
        self._closing = False
        self._decided = 0
        self._batches = 0
        self._interrupted: tuple[float, str] | None = None
        self._watch = tasks or TaskRegistry()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin. Does not need the database to be there."""
        self._tasks = [
            self._watch.start(
                "metering", self._flush, ended=lambda: self._closing, problem=self._interruption
            ),
            self._watch.start("metering-expiry", self._expire_overdue),
            self._watch.start("metering-answers", self.answers.run, ended=lambda: self._closing),
        ]

    async def close(self) -> None:
        """Take no more calls, answer those that wait, and end. Takes as long as the longest wait at most."""
        self._closing = True
        self._wake.set()
        if self._tasks:
            await asyncio.wait(self._tasks[:1], timeout=self._wait_seconds + _EXPIRE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._expire(self._queue)
        if self._tasks:
            await self.answers.finish()

    def metrics(self) -> list[tuple[int, dict[str, str]]]:
        """Calls decided and batches committed since the process began, for its metrics."""
        return [(self._decided, {"of": "calls"}), (self._batches, {"of": "batches"})]

    async def admit(self, call: Call) -> Decision:
        """Decide on one call; durable when this returns.

        The caller says to :attr:`answers` whether an admitted call was answered.

        :raises MeteringBusy: too many wait already; the call was not looked at.
        :raises MeteringAway: the database did not decide in time. Where the call may have been recorded the error names
            the record: one that was is credited, unless the call is repeated under its ``Idempotency-Key`` before.
        """
        if self._closing or len(self._queue) >= self._queue_limit:
            raise MeteringBusy(
                Message("More calls wait to be metered than this process takes; this one was not recorded."),
                remedy=Message("Send the call again after the seconds in Retry-After."),
            )
        loop = asyncio.get_running_loop()
        pending = PendingCall(call, loop.time() + self._wait_seconds, loop.create_future())
        self._queue.append(pending)
        self._wake.set()
        return await pending.answer

    def _interruption(self) -> str | None:
        """What has kept batches from being decided for a while now."""
        interrupted = self._interrupted
        if interrupted is None or time.monotonic() - interrupted[0] < _INTERRUPTED_SECONDS:
            return None
        return interrupted[1]

    async def _flush(self) -> None:
        """Send batch after batch, for as long as the process lives."""
        connection = Connection(self._dsn, "data-market-metering", self.answers.register)
        try:
            while True:
                self._sent, self._on_the_way = self._next_batch(), False
                if self._sent:
                    await self._decide(connection, self._sent)
                    self._interrupted = None  # decided, or nobody waits for it any more: the next one tells
                elif self._closing:
                    return
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._expire(self._sent, sent=self._on_the_way)
            await connection.close()

    def _next_batch(self) -> list[PendingCall]:
        queue = self._queue
        batch: list[PendingCall] = []
        while queue and len(batch) < self._batch_limit:
            pending = queue.popleft()
            if not pending.answer.done():  # its caller may have hung up
                batch.append(pending)
        return batch

    async def _decide(self, connection: Connection, batch: list[PendingCall]) -> None:
        """Send a batch until it is decided or nobody waits for it any more."""
        pause = _FIRST_PAUSE_SECONDS
        while batch:
            try:
                calls = [pending.call for pending in batch]
                there = await connection.get()
                self._on_the_way = True
                decisions = await admission_sql.admit(there, calls, seconds=STATEMENT_SECONDS)
            except Exception as error:
                if isinstance(error, TRANSIENT) or is_fatal(error):
                    self._interrupted = self._interrupted or (time.monotonic(), type(error).__name__)
                    log.warning("metering_interrupted", error=repr(error), calls=len(batch), again_in=pause)
                    await connection.close()
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 -- spreads the processes' retries
                    pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                    for pending in batch:
                        if pending.answer.cancelled():
                            self.answers.unknown(pending.call)
                    batch = [pending for pending in batch if not pending.answer.done()]
                    continue
                # Something in the batch is refused for good: find it, so that only its caller suffers.
                if len(batch) == 1:
                    log.exception("metering_refused", call=str(batch[0].call))
                    _fail(batch[0], error)
                    return
                middle = len(batch) // 2
                await self._decide(connection, batch[:middle])
                batch = batch[middle:]
            else:
                self._decided += len(batch)
                self._batches += 1
                _batch_calls.observe(len(batch))
                # The first has waited longest; its deadline tells since when.
                oldest = batch[0].deadline - self._wait_seconds
                _batch_seconds.observe(asyncio.get_running_loop().time() - oldest)
                answers = self.answers
                for pending, decision in zip(batch, decisions, strict=True):
                    if decision.outcome is Outcome.ADMITTED:
                        answers.admitted(pending.call)
                    if not pending.answer.done():
                        pending.answer.set_result(decision)
                    else:
                        answers.unanswered(pending.call.record_id)
                answers.decided(calls[-1])
                return

    async def _expire_overdue(self) -> None:
        """Refuse the calls that have waited too long, wherever they are."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_EXPIRE_SECONDS)
            now = loop.time()
            while self._queue and self._queue[0].deadline <= now:
                self._expire([self._queue.popleft()])
            overdue = [pending for pending in self._sent if pending.deadline <= now]
            self._expire(overdue, sent=self._on_the_way)

    def _expire(self, overdue: Iterable[PendingCall], *, sent: bool = False) -> None:
        """Refuse calls.

        :param sent: their batch is with the database, or was, so that they may be recorded.
        """
        for pending in overdue:
            if pending.answer.done():
                continue
            if sent:
                self.answers.unknown(pending.call)
                _fail(pending, self._undecided(pending.call))
            else:
                _fail(pending, self._not_recorded())

    def _undecided(self, call: Call) -> MeteringAway:
        return MeteringAway(
            Message(
                "The call was not metered within {wait_seconds:g} seconds; it may have left the usage record"
                " {record_id}.",
                wait_seconds=self._wait_seconds,
                record_id=call.record_id,
            ),
            retry_after=2,
            remedy=Message("Send the call again under the same Idempotency-Key: it counts once.")
            if call.key is not None
            else Message(
                "Send the call again. GET /v1/usage-records/{record_id} tells about the record; if there is one, it is"
                " credited within a minute after the service recovers.",
                record_id=call.record_id,
            ),
            usage_record=str(call.record_id),
        )

    def _not_recorded(self) -> MeteringAway:
        return MeteringAway(
            Message(
                "The call could not be metered within {wait_seconds:g} seconds, and was not recorded.",
                wait_seconds=self._wait_seconds,
            ),
            retry_after=2,
            remedy=Message("Send the call again after the seconds in Retry-After."),
        )


def _fail(pending: PendingCall, error: Exception) -> None:
    if not pending.answer.done():
        pending.answer.set_exception(error)
