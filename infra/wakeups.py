"""A loop of the worker that goes round when the database notifies it, and every second in any case."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import structlog

from infra.outages import UNAVAILABLE

POLL_SECONDS = 1.0
"""What becomes due by the clock, or whose notification was lost, waits for this long at most."""

RECONNECT_SECONDS = 2.0

log = structlog.get_logger()


async def keep_going(
    url: str,
    channel: str,
    round_: Callable[[], Awaitable[None]],
    *,
    wake: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Go round until told to stop; when the database goes away, wait for it and go on.

    :param url: ``postgresql://…`` of the service's own login.
    :param channel: whose notifications start a round at once.
    :param wake: set from inside to ask for another round at once.
    """
    stopping = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            try:
                async with _listening(url, channel, wake) as lost:
                    while not stop.is_set():
                        wake.clear()
                        if lost.is_set():
                            raise ConnectionResetError("the connection that listens has ended")
                        await round_()
                        await _first(wake, stopping, POLL_SECONDS)
            except UNAVAILABLE as error:
                log.warning("database_unavailable", channel=channel, error=type(error).__name__)
                await asyncio.wait({stopping}, timeout=RECONNECT_SECONDS)
    finally:
        stopping.cancel()


@contextlib.asynccontextmanager
async def _listening(url: str, channel: str, wake: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """Wake on notifications; the event is set when they stop coming because the connection ended."""
    connection = await asyncpg.connect(url, timeout=10)
    lost = asyncio.Event()

    def ended(_: object) -> None:
        lost.set()
        wake.set()

    connection.add_termination_listener(ended)
    try:
        await connection.add_listener(channel, lambda *_: wake.set())
        yield lost
    finally:
        connection.remove_termination_listener(ended)
        await connection.close(timeout=5)


async def _first(wake: asyncio.Event, stopping: "asyncio.Task[bool]", seconds: float) -> None:
    waking = asyncio.create_task(wake.wait())
    try:
        await asyncio.wait({waking, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waking.cancel()
