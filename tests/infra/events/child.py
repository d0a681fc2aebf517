"""A process of its own for ``test_killed``: publishes, or delivers; told what by its arguments."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM
from infra.db import AsyncSession, create_engine, create_sessions, transaction
from infra.events import runner, service
from infra.events.domain import Event
from infra.settings import Settings
from infra.telemetry import configure_logging
from tests.support.events import KIND, context_of, subscriber


def say(word: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(url: str, folder: str, what: str, name: str, subject: str) -> None:
    """Do one thing."""
    subject_id = UUID(subject)
    settings = Settings(_env_file=None, data_dir=Path(folder), log_level="ERROR")
    configure_logging(settings)
    sessions = create_sessions(create_engine(url))
    if what == "publish":
        async with transaction(sessions) as session:
            await audit.record(
                session, SYSTEM, action="test.published", subject_kind="test", subject_id=subject_id
            )
            await service.publish(session, KIND, subject_id=subject_id, organisations=[])
        say("published")
        await asyncio.sleep(600)

    async def handler(session: AsyncSession, event: Event) -> None:
        if event.subject_id == subject_id:
            await audit.record(
                session, SYSTEM, action="test.handled", subject_kind="test", subject_id=subject_id
            )
            say("handled")
            if what == "handle-and-hang":
                await asyncio.sleep(600)

    await runner.run(url, context_of(settings, sessions), [subscriber(handler, name=name)], asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
