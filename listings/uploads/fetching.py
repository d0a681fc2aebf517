"""Files fetched from where somebody says they are: through the guarded client, bounded, gone on with when cut off."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from infra.messages import Message
from infra.outgoing.client import OutgoingClient
from infra.outgoing.errors import CallFailed
from listings.revisions.spool import require_size
from listings.uploads.errors import SourceRefused

TRIES = 6
"""Attempts that bring no further byte before a source is given up; one that does begins the count anew."""

READ_SECONDS = 30.0
"""Without a byte for so long a connection counts as cut."""

_PAUSES = (0.5, 1, 2, 4, 8)
_BLOCK = 1024 * 1024
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent to a source: made anew for each attempt, since a signature lasts for a time only."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    :param etag: how the source names these contents; None where it does not.
    """

    bytes: int
    sha256: str
    etag: str | None


async def fetch(
    client: OutgoingClient,
    make_call: Callable[[], Call],
    target: Path,
    *,
    limit: int,
    seconds: float,
    unless: str | None = None,
    on_progress: Callable[[int, int | None], None],
) -> Fetched | None:
    """Fetch a file; a connection that is cut is taken up again where it ended.

    :param target: a new file; what is in it after an error is of no use.
    :param limit: bytes.
    :param seconds: for all of it.
    :param unless: an entity tag; None is answered when the source still has these contents.
    :param on_progress: called with the bytes so far, and how many there will be where that is known.
    :raises AddressRefused: the address may not be called.
    :raises SourceRefused: the source does not give the file, or not in time; the text says what it answered.
    :raises UploadTooLarge: it has more bytes than the limit.
    """
    with target.open("wb") as file:
        transfer = _Transfer(file, limit, on_progress)
        try:
            async with asyncio.timeout(seconds):
                if not await _attempts(client, make_call, transfer, unless):
                    return None
        except TimeoutError:
            raise _refused(
                Message("It did not give the file within {seconds} seconds.", seconds=f"{seconds:g}")
            ) from None
    return Fetched(transfer.have, transfer.digest.hexdigest(), transfer.etag)


async def _attempts(
    client: OutgoingClient, make_call: Callable[[], Call], transfer: "_Transfer", unless: str | None
) -> bool:
    """Whether there was something to fetch."""
    without_progress, reason = 0, Message("It was not reached.")
    while without_progress < TRIES:
        before = transfer.have
        call = make_call()
        headers = dict(call.headers) | transfer.resumption()
        if unless is not None and not transfer.have:
            headers["If-None-Match"] = unless
        try:
            async with client.stream("GET", call.url, headers=headers, seconds=READ_SECONDS) as answer:
                if answer.status_code == 304 and unless is not None:
                    return False
                if answer.status_code not in _BUSY:
                    if await transfer.take(answer):
                        return True
                    reason = Message("The connection ended after {bytes:,} bytes.", bytes=transfer.have)
                else:
                    reason = Message("It answered {status}.", status=answer.status_code)
        except CallFailed as failure:
            reason = Message("The connection failed ({reason}).", reason=str(failure)[:200])
        without_progress = 0 if transfer.have > before else without_progress + 1
        await asyncio.sleep(_PAUSES[min(without_progress, len(_PAUSES) - 1)])
    raise _refused(reason)


class _Transfer:
    """What has been fetched so far, and how the rest is asked for."""

    def __init__(self, file: BinaryIO, limit: int, on_progress: Callable[[int, int | None], None]) -> None:
        self._file = file
        self._limit = limit
        self._on_progress = on_progress
        self._validator: str | None = None
        self._size: int | None = None
        self.etag: str | None = None
        self.have = 0
        self.digest = hashlib.sha256()

    def resumption(self) -> dict[str, str]:
        """Headers that ask for the rest of the same contents (RFC 9110, 13.1.5); without a way to tell, for all."""
        if self.have and self._validator is None:
            self._begin_anew()
        if not self.have or self._validator is None:
            return {}
        return {"Range": f"bytes={self.have}-", "If-Range": self._validator}

    async def take(self, answer: httpx.Response) -> bool:
        """Take what is answered; whether the file is whole.

        A source may give less of the rest than was asked for (RFC 9110, 15.3.7): the file is as long as
        ``Content-Range`` says, whatever the length of this answer.
        """
        match answer.status_code:
            case 206 if self.have:
                part = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
                if part is None or not self._continues(part, answer.headers.get("etag")):
                    self._begin_anew()
                    return False
            case 200:
                part = None
                self._begin_anew()
                self._size = _announced(answer)
                etag = answer.headers.get("etag")
                self.etag = etag[:200] if etag else None
                # A weak tag names what means the same, not the same bytes.
                strong = etag if etag and not etag.startswith("W/") else None
                self._validator = strong or answer.headers.get("last-modified")
            case 416 if self.have:
                if self._size is None and answer.headers.get("content-range") == f"bytes */{self.have}":
                    return True
                self._begin_anew()
                return False
            case status if 300 <= status < 400:
                raise _refused(
                    Message("It answered {status}, which leads elsewhere.", status=status),
                    Message("Name the address that the file itself is at: redirects are not followed."),
                )
            case status:
                raise _refused(
                    Message("It answered {status}.", status=status),
                    Message("Check the address, and that the credentials may read it."),
                )
        require_size(self._size or 0, self._limit)
        try:
            await self._read(answer)
        except httpx.TransportError:
            return False
        # A part of nobody knows how many bytes may be followed by another: then 416 says that it is not.
        return self.have == self._size if self._size is not None else part is None

    def _continues(self, part: re.Match[str], etag: str | None) -> bool:
        """Whether a part follows what has come, and is of the same contents, whether or not If-Range was heeded."""
        if int(part[1]) != self.have or (etag is not None and etag[:200] != self.etag):
            return False
        if part[2] == "*":
            return True
        size, known = int(part[2]), self._size
        self._size = size
        return known in (None, size)

    async def _read(self, answer: httpx.Response) -> None:
        block = bytearray()
        try:
            # As it came: nothing that was compressed is unfolded.
            async for chunk in answer.aiter_raw():
                block += chunk
                require_size(self.have + len(block), self._limit)
                if len(block) >= _BLOCK:
                    await self._write(block)
                    self._on_progress(self.have, self._size)
        finally:
            await self._write(block)

    async def _write(self, block: bytearray) -> None:
        content = bytes(block)
        block.clear()
        await asyncio.to_thread(self._file.write, content)
        self.digest.update(content)
        self.have += len(content)

    def _begin_anew(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.have, self.digest = 0, hashlib.sha256()
        self._validator = self._size = None


def _announced(answer: httpx.Response) -> int | None:
    length = answer.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _refused(reason: Message, remedy: Message | None = None) -> SourceRefused:
    return SourceRefused(
        Message("The source did not give the file. {reason}", reason=reason),
        remedy=remedy or Message("See whether the source answers, and begin again."),
    )
