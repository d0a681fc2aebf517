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
from typing import Any, NamedTuple, Protocol

import asyncpg
import structlog
from prometheus_client import Histogram

from infra.errors import Unavailable
from infra.messages import Message
from infra.outages import is_fatal
from infra.tasks import TaskRegistry
from market.metering import admission_sql
from market.metering.domain import Call, Decision

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

_CONNECT_SECONDS = 5.0
_BATCH_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_EXPIRE_SECONDS = 0.25
_INTERRUPTED_SECONDS = 2.0

# The database is away, ending, out of something, or asks for another try: what was sent may be sent again.
_TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.ObjectNotInPrerequisiteStateError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.PostgresSystemError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.TransactionRollbackError,
)


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
    """What delivery needs of metering."""

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

    def metrics(self) -> list[tuple[int, dict[str, str]]]:
        """Calls decided and batches committed since the process began, for its metrics."""
        return [(self._decided, {"of": "calls"}), (self._batches, {"of": "batches"})]

    async def admit(self, call: Call) -> Decision:
        """Decide on one call; durable when this returns.

        :raises MeteringBusy: too many wait already; the call was not looked at.
        :raises MeteringAway: the database did not decide in time. Whether the call was recorded is unknown, so a
            caller that wants certainty repeats it under its ``Idempotency-Key``.
        """
        if self._closing or len(self._queue) >= self._queue_limit:
            raise MeteringBusy(
                Message("More calls wait to be metered than this process takes."),
                remedy=Message(
                    "Send the call again after the seconds in Retry-After, under the same Idempotency-Key."
                ),
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
        connection = _Connection(self._dsn)
        try:
            while True:
                self._sent = self._next_batch()
                if self._sent:
                    await self._decide(connection, self._sent)
                    self._interrupted = None  # decided, or nobody waits for it any more: the next one tells
                elif self._closing:
                    return
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._expire(self._sent)
            await connection.close()

    def _next_batch(self) -> list[PendingCall]:
        queue = self._queue
        batch: list[PendingCall] = []
        while queue and len(batch) < self._batch_limit:
            pending = queue.popleft()
            if not pending.answer.done():  # its caller may have hung up
                batch.append(pending)
        return batch

    async def _decide(self, connection: "_Connection", batch: list[PendingCall]) -> None:
        """Send a batch until it is decided or nobody waits for it any more."""
        pause = _FIRST_PAUSE_SECONDS
        while batch:
            try:
                calls = [pending.call for pending in batch]
                decisions = await admission_sql.admit(await connection.get(), calls, seconds=_BATCH_SECONDS)
            except Exception as error:
                if isinstance(error, _TRANSIENT) or is_fatal(error):
                    self._interrupted = self._interrupted or (time.monotonic(), type(error).__name__)
                    log.warning("metering_interrupted", error=repr(error), calls=len(batch), again_in=pause)
                    await connection.close()
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 -- spreads the processes' retries
                    pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
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
                for pending, decision in zip(batch, decisions, strict=True):
                    if not pending.answer.done():
                        pending.answer.set_result(decision)
                return

    async def _expire_overdue(self) -> None:
        """Refuse the calls that have waited too long, wherever they are."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_EXPIRE_SECONDS)
            now = loop.time()
            while self._queue and self._queue[0].deadline <= now:
                self._expire([self._queue.popleft()])
            self._expire(pending for pending in self._sent if pending.deadline <= now)

    def _expire(self, overdue: Iterable[PendingCall]) -> None:
        for pending in overdue:
            _fail(
                pending,
                MeteringAway(
                    Message(
                        "The call could not be metered within {wait_seconds:g} seconds.",
                        wait_seconds=self._wait_seconds,
                    ),
                    retry_after=2,
                    remedy=Message(
                        "Send the call again, under the same Idempotency-Key so that it cannot count twice."
                    ),
                ),
            )


def _fail(pending: PendingCall, error: Exception) -> None:
    if not pending.answer.done():
        pending.answer.set_exception(error)


class _Connection:
    """One connection, made when it is needed and made anew after it was lost."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection[Any] | None = None

    async def get(self) -> "asyncpg.Connection[Any]":
        """The connection; a new one when there is none that lives."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=_CONNECT_SECONDS,
                server_settings={
                    "application_name": "data-market-metering",
                    # An answer means durable, whatever the server's own default is.
                    "synchronous_commit": "on",
                    "default_transaction_isolation": "read committed",
                    "statement_timeout": str(int(_BATCH_SECONDS * 1000)),
                },
            )
        return self._connection

    async def close(self) -> None:
        """Drop the connection, without waiting for a server that does not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
