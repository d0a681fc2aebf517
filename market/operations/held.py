"""What is held after its last attempt, as `market jobs` shows and decides it: events by UUID, jobs by number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from infra import held_jobs
from infra.addresses import service_url
from infra.auth import SYSTEM
from infra.db import AsyncSession, create_engine, create_sessions, transaction
from infra.errors import NotFound
from infra.events import dead_letters
from infra.events.schemas import DeadLetterRead, HeldJobRead
from infra.messages import Message
from infra.paging import MAX_LIMIT, PageRequest
from infra.settings import Settings


async def list_held(settings: Settings) -> list[str]:
    """One line for each event and each job that is held, the newest first of each; 200 of each at most."""
    async with _session(settings) as session:
        letters, _ = await dead_letters.list_dead_letters(session, None, PageRequest(MAX_LIMIT, None))
        jobs = await held_jobs.list_held_jobs(session)
    return [
        *(
            f"{letter.delivery.id}  {letter.event.kind}  {letter.delivery.subscriber}"
            f"  {letter.delivery.updated_at:%Y-%m-%dT%H:%M:%SZ}  {_first_line(letter.delivery.last_error)}"
            for letter in letters
        ),
        *(
            f"{job.id}  {job.name}  {job.failed_at:%Y-%m-%dT%H:%M:%SZ}  {_first_line(job.error)}"
            for job in jobs
        ),
    ]


async def show(settings: Settings, held_id: str) -> dict[str, Any]:
    """Everything about one, JSON-ready.

    :raises NotFound: there is none with this id.
    """
    async with _session(settings) as session:
        if held_id.isdecimal():
            job = await held_jobs.get_held_job(session, int(held_id))
            return HeldJobRead.model_validate(job).model_dump(mode="json")
        letter = await dead_letters.get_dead_letter(session, _delivery_id(held_id))
        return DeadLetterRead.of(letter).model_dump(mode="json")


async def retry(settings: Settings, held_id: str) -> None:
    """Try one again, with all its attempts.

    :raises NotFound: there is none with this id.
    :raises Conflict: it is not held.
    """
    async with _session(settings) as session:
        if held_id.isdecimal():
            await held_jobs.retry(session, SYSTEM, int(held_id))
        else:
            await dead_letters.retry(session, SYSTEM, _delivery_id(held_id))


async def drop(settings: Settings, held_id: str, reason: str) -> None:
    """Give one up, for good.

    :raises NotFound: there is none with this id.
    :raises Conflict: it is not held.
    """
    async with _session(settings) as session:
        if held_id.isdecimal():
            await held_jobs.drop(session, SYSTEM, int(held_id), reason)
        else:
            await dead_letters.drop(session, SYSTEM, _delivery_id(held_id), reason)


@asynccontextmanager
async def _session(settings: Settings) -> AsyncIterator[AsyncSession]:
    engine = create_engine(service_url(settings), pool_size=1)
    try:
        async with transaction(create_sessions(engine)) as session:
            yield session
    finally:
        await engine.dispose()


def _delivery_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(Message("There is nothing held with the id {id}.", id=text)) from None


def _first_line(text: str | None) -> str:
    return (text or "").partition("\n")[0][:100]
