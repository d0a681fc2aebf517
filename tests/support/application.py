"""The real application, without a server around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar

from infra.db import SessionMaker
from infra.jobs import JobContext


def job_context(app: Litestar, sessions: SessionMaker) -> JobContext:
    """What the worker beside an application gives its jobs."""
    return JobContext(app.state.settings, sessions, app.state.store, app.state.key_ring)


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """The lifespan of an application; may be left in another task than it was entered in."""
    up, done = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        # A lifespan ends in the task it began in, which a fixture's two halves are not.
        async with app.lifespan():
            up.set()
            await done.wait()

    life = asyncio.create_task(live())
    begun = asyncio.create_task(up.wait())
    await asyncio.wait({life, begun}, return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        begun.cancel()
        life.result()
    yield
    done.set()
    await life
