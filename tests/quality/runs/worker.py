"""A worker for quality runs alone, as a process of its own; told by its arguments to work, or to hang in the middle."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from pgqueuer.db import AsyncpgPoolDriver

from infra.db import create_engine, create_sessions
from infra.jobs import JobContext, make_queue, register
from infra.settings import Settings
from infra.telemetry import configure_logging
from quality.runs import jobs
from tests.support.events import context_of

SILENCE = timedelta(seconds=2)
"""A job whose worker was not heard of for so long is run by another."""


async def main(url: str, folder: str, what: str) -> None:
    """Work until killed."""
    settings = Settings(_env_file=None, data_dir=Path(folder), log_level="ERROR", quality_processes=2)
    configure_logging(settings)
    context = context_of(settings, create_sessions(create_engine(url)))

    async def probe(_: JobContext, __: UUID) -> None:
        if what == "hang":
            await asyncio.sleep(600)

    context.extras[jobs.PROBE] = probe
    pool = await asyncpg.create_pool(url, min_size=2, max_size=4)
    queue = make_queue(AsyncpgPoolDriver(pool), asyncio.Event())
    register(queue, context, jobs.JOBS, [])
    await queue.run(dequeue_timeout=timedelta(seconds=0.5), heartbeat_timeout=SILENCE)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
