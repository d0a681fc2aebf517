"""What a worker does with an upload: from its bytes to a registered revision, or to a reason why not."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from infra.db import AsyncSession, new_id, transaction
from infra.errors import MarketError, Unavailable
from infra.jobs import JobContext
from infra.memory_budget import FilesBusy
from infra.messages import Message
from infra.objects import ObjectMissing, ObjectStore
from infra.outgoing.client import OutgoingClient
from listings.ingest.result import IngestOptions, Progress
from listings.revisions.uploads import UploadContext, ingest_file
from listings.uploads import credentials, domain, repository, scheduling, service
from listings.uploads.errors import (
    BytesLost,
    DigestMismatch,
    LengthMismatch,
    UploadStateForbids,
)
from listings.uploads.fetching import fetch
from listings.uploads.service import Work
from listings.uploads.states import UploadPhase
from listings.uploads.tables import UploadPart
from quality.runs.jobs import budget_of

REPORT_SECONDS = 1.0
"""How often the progress is noted, and a cancellation is seen."""

BUSY_SECONDS = 5.0

log = structlog.get_logger()


async def run(context: JobContext, payload: dict[str, Any]) -> None:
    """Make a revision of an upload. Begun again after its worker was killed, it begins from the bytes.

    What is not the file's fault is tried again some times (it is raised to the queue), then told as a failure.
    """
    upload_id = UUID(payload["upload_id"])
    try:
        async with transaction(context.sessions) as session:
            work = await service.start_work(session, upload_id)
    except MarketError as refusal:
        await _fail(context, upload_id, refusal)
        return
    if work is None:
        await discard(context, upload_id)
        return
    try:
        await _watched(context, work)
    except (Unavailable, OSError) as failure:
        if not work.last:
            raise
        log.error("upload_given_up", upload_id=str(upload_id), exc_info=True)
        await _fail(context, upload_id, failure if isinstance(failure, MarketError) else service.given_up())
    except MarketError as refusal:
        await _fail(context, upload_id, refusal)
    except Exception:
        if not work.last:
            raise
        log.exception("upload_given_up", upload_id=str(upload_id))
        await _fail(context, upload_id, service.given_up())
    await discard(context, upload_id)


async def discard(context: JobContext, upload_id: UUID) -> None:
    """Remove the pieces of an upload that has ended; a store that is away is asked again by the sweep."""
    async with transaction(context.sessions) as session:
        keys = [part.object_key for part in await repository.parts(session, upload_id)]
    try:
        await asyncio.to_thread(service.discard_parts, context.store, keys)
    except OSError:
        log.warning("upload_parts_left", upload_id=str(upload_id), exc_info=True)
        return
    async with transaction(context.sessions) as session:
        await repository.drop_parts(session, upload_id)


class _Cancelled(Exception):
    """Somebody cancelled the upload while it was worked on."""


class _Progress:
    """How far the work is, noted once in a while."""

    def __init__(self, context: JobContext, upload_id: UUID) -> None:
        self._context = context
        self._upload_id = upload_id
        self.phase = UploadPhase.ASSEMBLING
        self.share = 0.0
        self.rows: int | None = None
        self.received: int | None = None

    def converting(self, progress: Progress) -> None:
        self.phase, self.share = UploadPhase(progress.phase.value), progress.share
        if progress.rows is not None:
            self.rows = progress.rows

    def fetching(self, received: int, size: int | None) -> None:
        self.received = received
        self.phase, self.share = UploadPhase.FETCHING, received / size if size else 0.0

    def at(self, phase: UploadPhase, share: float = 0.0) -> None:
        self.phase, self.share = phase, share

    async def watch(self) -> None:
        """Note it until the upload is cancelled.

        :raises _Cancelled: it was.
        """
        while True:
            values: dict[str, Any] = {
                "phase": self.phase,
                "percent": domain.percent_of(self.phase, self.share),
                "rows": self.rows,
            }
            if self.received is not None:
                values["received_bytes"] = self.received
            async with transaction(self._context.sessions) as session:
                if not await repository.report(session, self._upload_id, values):
                    raise _Cancelled
            await asyncio.sleep(REPORT_SECONDS)


async def _watched(context: JobContext, work: Work) -> None:
    progress = _Progress(context, work.upload.id)
    doing = asyncio.create_task(_work(context, work, progress))
    watching = asyncio.create_task(progress.watch())
    try:
        await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            watching.result()  # what ended it: the cancellation, or the database that went away
        await doing
    except (_Cancelled, UploadStateForbids):
        log.info("upload_cancelled", upload_id=str(work.upload.id))
    finally:
        for task in (doing, watching):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _work(context: JobContext, work: Work, progress: _Progress) -> None:
    upload = work.upload
    async with _spooled(context) as path:
        if upload.source_url is None:
            await _assemble(context, upload.id, upload.sha256, path, progress)
        elif not await _fetch(context, work, path, progress):
            return
        await _convert(context, work, path, progress)


async def _fetch(context: JobContext, work: Work, path: Path, progress: _Progress) -> bool:
    """Fetch the file, and compare the digest with the one that was declared.

    :return: whether there is one; not when the source still has what became the newest revision.
    :raises AddressRefused, SourceRefused, SourceUnusable, NotFound: it cannot be had.
    :raises DigestMismatch: these are other bytes.
    """
    upload = work.upload
    assert upload.source_url is not None
    credential = None
    if upload.credentials is not None:
        async with transaction(context.sessions) as session:
            credential = await credentials.find(session, upload.organisation_id, upload.credentials)
    async with transaction(context.sessions) as session:
        former = await scheduling.find_former(session, upload)
    url, settings = upload.source_url, context.settings
    progress.at(UploadPhase.FETCHING)
    async with OutgoingClient.of(settings) as client:
        fetched = await fetch(
            client,
            lambda: credentials.make_call(url, credential),
            path,
            limit=settings.max_upload_bytes,
            seconds=settings.source_timeout_s,
            unless=former.etag if former else None,
            on_progress=progress.fetching,
        )
    if fetched is None:
        assert former is not None
        async with transaction(context.sessions) as session:
            ended = await service.succeed(session, upload.id, former.revision_id, former.rows, unchanged=True)
            await scheduling.upload_ended(session, ended)
        return False
    if upload.size_bytes is not None and upload.size_bytes != fetched.bytes:
        raise LengthMismatch(
            Message(
                "The upload has {declared:,} bytes, not {stated:,}.",
                declared=upload.size_bytes,
                stated=fetched.bytes,
            ),
            remedy=Message("Leave size_bytes out, or declare the size of the file that is meant."),
        )
    require_digest(upload.sha256, fetched.sha256)
    async with transaction(context.sessions) as session:
        await repository.report(session, upload.id, {"received_bytes": fetched.bytes, "etag": fetched.etag})
    return True


async def _convert(context: JobContext, work: Work, path: Path, progress: _Progress) -> None:
    upload = work.upload

    async def conclude(session: AsyncSession, revision_id: UUID, rows: int, unchanged: bool) -> None:
        progress.at(UploadPhase.REGISTERING)
        ended = await service.succeed(session, upload.id, revision_id, rows, unchanged=unchanged)
        await scheduling.upload_ended(session, ended)

    files = UploadContext(context.sessions, context.settings, context.store, budget_of(context))
    while True:
        try:
            await ingest_file(
                files,
                work.actor,
                upload.product_id,
                upload.name,
                path,
                options=IngestOptions.from_json(upload.options),
                on_progress=progress.converting,
                conclude=conclude,
            )
        except FilesBusy:  # nobody waits for an answer: other files come first
            await asyncio.sleep(BUSY_SECONDS)
        else:
            return


@asynccontextmanager
async def _spooled(context: JobContext) -> AsyncIterator[Path]:
    """A file of its own for the length of the block."""
    folder = context.settings.spool_dir
    path = folder / f"{new_id()}.upload"
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _assemble(
    context: JobContext, upload_id: UUID, expected: str | None, path: Path, progress: _Progress
) -> None:
    """Put the pieces one after the other, and compare the digest with the one that was declared.

    :raises BytesLost: one of them is not there any more.
    :raises DigestMismatch: these are other bytes.
    """
    async with transaction(context.sessions) as session:
        parts = await repository.parts(session, upload_id)
    digest = hashlib.sha256()
    for number, part in enumerate(parts):
        progress.at(UploadPhase.ASSEMBLING, number / len(parts))
        try:
            await asyncio.to_thread(_append, context.store, part, path, digest)
        except ObjectMissing:
            raise BytesLost(
                Message(
                    "A piece of {bytes:,} bytes that had come is not in the object store.", bytes=part.bytes
                ),
                remedy=Message("Send the file again: POST /v1/products/{product_id}/uploads."),
            ) from None
    require_digest(expected, digest.hexdigest())


def require_digest(expected: str | None, found: str) -> None:
    """Compare what came with what was declared.

    :raises DigestMismatch: these are other bytes.
    """
    if expected is not None and found != expected:
        raise DigestMismatch(
            Message(
                "The file has the SHA-256 {found}; {expected} was declared.", found=found, expected=expected
            ),
            remedy=Message("Send the file again, or declare the digest of the file that is meant."),
        )


def _append(store: ObjectStore, part: UploadPart, path: Path, digest: "hashlib._Hash") -> None:
    piece = path.with_suffix(f".{part.begins_at}")
    try:
        store.copy_to(part.object_key, piece)
        with piece.open("rb") as source, path.open("ab") as target:
            if target.tell() != part.begins_at or piece.stat().st_size != part.bytes:
                raise ObjectMissing(part.object_key)
            while block := source.read(1024 * 1024):
                digest.update(block)
                target.write(block)
    finally:
        piece.unlink(missing_ok=True)


async def _fail(context: JobContext, upload_id: UUID, error: MarketError) -> None:
    async with transaction(context.sessions) as session:
        ended = await service.fail(session, upload_id, error)
        if ended is not None:
            await scheduling.upload_ended(session, ended)
