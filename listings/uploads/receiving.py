"""Bytes on their way in: kept piece by piece, each durable before it counts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from infra.auth import Actor
from infra.db import new_id, transaction
from infra.errors import MarketError
from infra.messages import Message
from listings.revisions.errors import SpoolUnavailable
from listings.revisions.spool import require_size
from listings.revisions.uploads import UploadContext
from listings.uploads import domain, service
from listings.uploads.tables import Upload, UploadPart


async def receive(
    context: UploadContext,
    actor: Actor,
    upload_id: UUID,
    stream: AsyncIterator[bytes],
    *,
    offset: int,
    length: int | None = None,
) -> Upload:
    """Take bytes that follow those that have come, as far as they come.

    When the stream ends early, what came before counts, and the sender goes on from there.

    :param offset: where the sender says that they begin.
    :param length: of the whole upload, where the sender says it with them.
    :raises OffsetConflict: they begin elsewhere, or somebody else sends the same at this moment.
    :raises LengthMismatch, UploadTooLarge: more bytes than were declared, or than a file may have.
    :raises SpoolUnavailable: neither disk nor object store takes them.
    """
    async with transaction(context.sessions) as session:
        row = await service.begin_part(session, actor, context.settings, upload_id, offset, length)
    pieces = _Pieces(context, actor, row)
    try:
        async for chunk in stream:
            await pieces.take(chunk)
    except BaseException:
        # The connection was cut, say: what has come is kept.
        with contextlib.suppress(Exception):
            await asyncio.shield(pieces.flush())
        raise
    return await pieces.flush()


class _Pieces:
    """Collects bytes in a file of its own until there are enough for a piece."""

    def __init__(self, context: UploadContext, actor: Actor, row: Upload) -> None:
        self._context = context
        self._actor = actor
        self._row = row
        self._path: Path = context.settings.spool_dir / f"{new_id()}.part"
        self._file: BinaryIO | None = None
        self._size = 0

    async def take(self, chunk: bytes) -> None:
        end = self._row.received_bytes + self._size + len(chunk)
        domain.require_room(self._row.size_bytes, end)
        require_size(end, self._context.settings.max_upload_bytes)
        try:
            await asyncio.to_thread(self._write, chunk)
        except OSError as error:
            self._drop()
            raise _unavailable(error) from error
        if self._size >= domain.PART_BYTES:
            await self.flush()

    async def flush(self) -> Upload:
        """Make a piece of what was collected."""
        if self._file is None or not self._size:
            self._drop()
            return self._row
        key = f"{domain.FOLDER}/{self._row.id}/{self._row.received_bytes:016}-{new_id()}"
        part = UploadPart(
            upload_id=self._row.id, begins_at=self._row.received_bytes, bytes=self._size, object_key=key
        )
        try:
            await asyncio.to_thread(self._keep, key)
        except OSError as error:
            self._drop()
            raise _unavailable(error) from error
        self._size = 0
        try:
            async with transaction(self._context.sessions) as session:
                self._row = await service.add_part(
                    session, self._actor, self._context.settings, self._row.id, part
                )
        except MarketError:
            # Nobody counts the room that it takes. One of which it is not known whether it was registered is swept.
            await asyncio.to_thread(self._discard, key)
            raise
        return self._row

    def _write(self, chunk: bytes) -> None:
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self._path.open("xb")
        self._file.write(chunk)
        self._size += len(chunk)

    def _keep(self, key: str) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None
        self._context.store.put(self._path, key)

    def _discard(self, key: str) -> None:
        with contextlib.suppress(OSError):
            self._context.store.discard(key)

    def _drop(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file, self._size = None, 0
        self._path.unlink(missing_ok=True)


def _unavailable(error: OSError) -> SpoolUnavailable:
    return SpoolUnavailable(
        Message("The service's disk did not take the file: {error}.", error=error.strerror),
        remedy=Message("Try again later."),
    )
