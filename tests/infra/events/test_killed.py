"""SIGKILL at the two bad moments: after the effect's commit, and between a handler's effect and its commit."""

import asyncio
import signal
import sys
from pathlib import Path
from uuid import UUID

import pytest

from infra.db import new_id
from tests.support.database import TestDatabase
from tests.support.events import effects, until

CHILD = Path(__file__).with_name("child.py")


async def start(database: TestDatabase, folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """A process that does one thing to the database of the test; it writes a line when it has come that far."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.infra.events.child",
        database.service_url,
        str(folder),
        *arguments,
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )


async def reached(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    return line.decode().strip()


async def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def once(database: TestDatabase, subject: UUID) -> bool:
    return await effects(database, subject) == ["test.published", "test.handled"]


async def test_killed_between_effect_and_delivery_and_between_effect_and_commit(
    database: TestDatabase, tmp_path: Path
) -> None:
    subject, name = new_id(), f"test.{new_id()}"

    publisher = await start(database, tmp_path, "publish", name, str(subject))
    assert await reached(publisher) == "published"
    await kill(publisher)
    assert await effects(database, subject) == ["test.published"]

    hanging = await start(database, tmp_path, "handle-and-hang", name, str(subject))
    assert await reached(hanging) == "handled"
    # Its effect is written and not committed.
    assert await effects(database, subject) == ["test.published"]
    await kill(hanging)

    working = await start(database, tmp_path, "handle", name, str(subject))
    try:
        assert await reached(working) == "handled"
        await until(lambda: once(database, subject))
    finally:
        await kill(working)

    # Killed again after its commit: there is nothing left to deliver.
    idle = await start(database, tmp_path, "handle", name, str(subject))
    try:
        assert idle.stdout is not None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(idle.stdout.readline(), 4)
    finally:
        await kill(idle)
    assert await once(database, subject)
