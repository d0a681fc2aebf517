"""Uploads on their way in: streamed to disk, bounded, gone when the work on them ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from infra.db import new_id
from infra.messages import Message
from listings.revisions.errors import SpoolUnavailable, UploadTooLarge

_BLOCK = 1024 * 1024


def require_size(size: int, limit: int) -> None:
    """Refuse what is larger than the limit, in bytes.

    :raises UploadTooLarge: it is.
    """
    if size > limit:
        raise UploadTooLarge(
            Message("An upload may have {limit:,} bytes.", limit=limit),
            remedy=Message("Split the file, or compress it as Parquet."),
            max_bytes=limit,
        )


@asynccontextmanager
async def spooled(stream: AsyncIterator[bytes], folder: Path, limit: int) -> AsyncIterator[Path]:
    """The stream as a file, for the length of the block; never more than one block of it is in memory.

    :param limit: bytes.
    :raises UploadTooLarge: the stream has more.
    :raises SpoolUnavailable: the disk is full or not writable.
    """
    path = folder / f"{new_id()}.upload"
    try:
        try:
            await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
            with await asyncio.to_thread(path.open, "xb") as file:
                await _write(stream, file, limit)
        except OSError as error:
            raise SpoolUnavailable(
                Message("The service's disk did not take the file: {error}.", error=error.strerror),
                remedy=Message("Try again later."),
            ) from error
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _write(stream: AsyncIterator[bytes], file: BinaryIO, limit: int) -> None:
    taken = 0
    block = bytearray()
    async for chunk in stream:
        taken += len(chunk)
        require_size(taken, limit)
        block += chunk
        if len(block) >= _BLOCK:
            await asyncio.to_thread(file.write, bytes(block))
            block.clear()
    await asyncio.to_thread(file.write, bytes(block))
