"""Things that fail around a process: a database behind a cable that can be cut, a pipe nobody reads, a full volume."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa


class Cable:
    """Passes connections on to a database; a context manager. Cut, it ends them and refuses further ones."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        parts = urlsplit(url)
        self._folder = parse_qs(parts.query).get("host", [""])[0]
        self._cut = False
        self._answers = asyncio.Event()
        self._answers.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.accepted = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The same database, through the cable."""
        port = self._server.sockets[0].getsockname()[1]
        address = self._url.set(host="127.0.0.1", port=port, query={}, drivername="postgresql")
        return address.render_as_string(hide_password=False)

    def cut(self) -> None:
        """End every connection in the middle of whatever it does, and let no new one through."""
        self._cut = True
        self.end_all()

    def end_all(self) -> None:
        """End every connection; new ones may come."""
        for writer in list(self._writers):
            writer.transport.abort()

    def lose_answers(self) -> None:
        """Pass on what is sent to the database, and nothing that it answers, until the cable is mended."""
        self._answers.clear()

    def mend(self) -> None:
        """Let connections through again; those whose answers were lost end."""
        if not self._answers.is_set():
            self.end_all()
            self._answers.set()
        self._cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        self.accepted += 1
        if self._folder:
            there = await asyncio.open_unix_connection(f"{self._folder}/.s.PGSQL.5432")
        else:
            there = await asyncio.open_connection(self._url.host, self._url.port or 5432)
        self._writers |= {writer, there[1]}
        await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer, self._answers))
        self._writers -= {writer, there[1]}


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: asyncio.Event | None = None
) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            if allowed is not None:
                await allowed.wait()
            writer.write(data)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.close()


@contextmanager
def unread_pipe() -> Iterator[int]:
    """The writing end of a pipe that is full and that nobody reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"\n" * 4096)
    os.set_blocking(writing, True)
    try:
        yield writing
    finally:
        os.close(reading)
        os.close(writing)


@contextmanager
def full_device() -> Iterator[int]:
    """A descriptor to which nothing can be written, as on a full volume."""
    with Path("/dev/full").open("wb") as file:
        yield file.fileno()


@contextmanager
def volume(folder: Path, megabytes: int) -> Iterator[Path]:
    """A volume of its own with so much room. The test is skipped where none can be mounted: run it as root."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("mounting a volume of limited size needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte on a volume; the file to delete when there is to be room again."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return filler


async def never_answering() -> tuple[Any, str]:
    """A server that accepts connections and never answers, and its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
