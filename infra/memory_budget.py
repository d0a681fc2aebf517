"""One memory budget for every process of this machine that reads files: slots that the kernel gives back.

A slot is a file in the data folder's run directory, locked with ``flock``. Whoever starts a child for work on a file
claims as many slots as the child's memory limit takes, and hands the open locks to the child: they are held exactly
as long as the child lives, however it ends, and whichever process started it. Nothing has to be counted, cleaned up or
repaired after a crash.

Claims are served in turn. Within a process they queue up, in a queue that is bounded; between processes one file, the
*turn*, is held by whoever is next, so that a large claim is not overtaken for ever by small ones.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from infra.errors import Unavailable
from infra.messages import Message
from infra.settings import Settings

SLOT_MB = 128
"""Memory that one slot stands for; claims are rounded up to it."""

_POLL_SECONDS = 0.05


class FilesBusy(Unavailable):
    """Other files are being read, and take all the memory there is for it."""

    slug = "files-busy"
    title = Message("Other files are being read at the moment")


class Claim:
    """Slots that are held until :meth:`release`, and until every child they were handed to has ended."""

    def __init__(self, handles: list[int], megabytes: int) -> None:
        self._handles = handles
        self.megabytes = megabytes

    @property
    def handles(self) -> tuple[int, ...]:
        """File descriptors of the locks, to be inherited by a child."""
        return tuple(self._handles)

    def release(self) -> None:
        """Let go of them here; what a child inherited stays held."""
        while self._handles:
            os.close(self._handles.pop())


class MemoryBudget:
    """The budget, as one process sees it. One to a process and data folder, so that its queue is one.

    :param folder: of the slots; the same for every process of the machine.
    :param megabytes: of all claims together.
    :param queue: claims of this process that may wait; more are refused.
    :param wait_s: seconds a claim waits unless it says otherwise.
    """

    def __init__(self, folder: Path, *, megabytes: int, queue: int, wait_s: float) -> None:
        self._folder = folder
        self._slots = megabytes // SLOT_MB
        self._queue = queue
        self._wait_s = wait_s
        self._waiting = 0
        self._turn = asyncio.Lock()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The budget that the settings state."""
        return cls(
            settings.run_dir / "memory",
            megabytes=settings.file_memory_mb,
            queue=settings.file_queue,
            wait_s=settings.file_wait_s,
        )

    @asynccontextmanager
    async def claim(self, megabytes: int) -> AsyncIterator[Claim]:
        """Slots for so much memory, for the length of the block and of the children they are handed to.

        :raises FilesBusy: too many wait already, or it was not this claim's turn within the time.
        """
        claim = await self.take(megabytes, wait_s=self._wait_s)
        try:
            yield claim
        finally:
            claim.release()

    async def take(self, megabytes: int, *, wait_s: float | None) -> Claim:
        """The same without a block: the caller releases it.

        :param wait_s: seconds; None waits as long as it takes, for work that no caller waits for.
        :raises FilesBusy: see :meth:`claim`.
        """
        wanted = -(-megabytes // SLOT_MB)
        assert wanted <= self._slots, "the settings see to it that each limit fits the budget"
        if self._waiting >= self._queue:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(wait_s), self._turn:
                return await self._next(wanted)
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1

    async def _next(self, wanted: int) -> Claim:
        """Wait for the turn, then for enough slots; what is free is held meanwhile, since nobody else is next."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held: list[int] = []
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(lambda: Claim(held, 0).release())
            turn = await self._lock_turn()
            try:
                taken: set[int] = set()
                while True:
                    for number in range(self._slots):
                        if number in taken or (handle := _lock(self._folder / f"{number:04}")) is None:
                            continue
                        taken.add(number)
                        held.append(handle)
                        if len(held) == wanted:
                            on_failure.pop_all()
                            return Claim(held, wanted * SLOT_MB)
                    await asyncio.sleep(_POLL_SECONDS)
            finally:
                os.close(turn)

    async def _lock_turn(self) -> int:
        # Other processes hold it: there is nothing in this one that could tell.
        while (handle := _lock(self._folder / "turn")) is None:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        return handle


def _lock(path: Path) -> int | None:
    """A descriptor that holds the file's lock; None while somebody else does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _busy() -> FilesBusy:
    return FilesBusy(
        Message("All the memory for reading files is in use by other files."),
        remedy=Message("Send the file again in a moment: Retry-After says when."),
    )
