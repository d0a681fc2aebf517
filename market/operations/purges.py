"""Purges outside the database: files, copies on this machine, backups; and what makes a restored backup purge again.

Each purged revision leaves a *note* in the object store, under ``purges/``: which it was and by whose order, nothing of
its data. Every later backup holds the notes. ``market backup`` records where it put a backup; a purge leaves its notes
in those that it still finds there, so that a restore from that place purges again without being told. For a backup that
lies elsewhere ``market restore`` asks for the notes, see :mod:`market.operations.restore`.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

import structlog

from infra.db import new_id, transaction
from infra.jobs import Job, JobContext, Schedule
from infra.objects import ObjectStore
from listings.purges import service as purges
from listings.purges.tables import Backup
from listings.uploads import running as uploads
from listings.uploads import service as received
from market.operations.manifest import MANIFEST

FOLDER = "purges"
"""Where notes lie: in the object store, and in a backup beside its manifest."""

SPOOL_SECONDS = 3600
"""A file in the spool that nobody wrote to for so long is the remnant of a process that ended."""

log = structlog.get_logger()


async def purge(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Destroy the files of a confirmed order, leave its notes, mark the backups that are known, and record it."""
    order_id = UUID(payload["order_id"])
    async with transaction(context.sessions) as session:
        order, rows = await purges.get_order(session, order_id)
        backups = list(await purges.list_backups(session))
    notes = [purges.note_of(order, row) for row in rows]
    folder = context.settings.spool_dir
    await asyncio.to_thread(leave_notes, context.store, folder, notes)
    for row in rows:
        await asyncio.to_thread(context.store.discard, row.object_key)
    for upload_id in await uploads_of(context, [row.id for row in rows]):
        await uploads.discard(context, upload_id)
    await asyncio.to_thread(clear_spool, folder)
    marked = [await asyncio.to_thread(mark, backup, notes) for backup in backups]
    async with transaction(context.sessions) as session:
        await purges.complete(session, order_id, marked)
    log.info("data_purged", order_id=str(order_id), revisions=len(rows), backups=len(marked))


async def uploads_of(context: JobContext, revision_ids: Sequence[UUID]) -> Sequence[UUID]:
    """The uploads that these revisions were made of, whose pieces may still be there."""
    async with transaction(context.sessions) as session:
        return await received.list_of_revisions(session, revision_ids)


async def purge_again(context: JobContext, _: Mapping[str, Any]) -> None:
    """Finish orders that were cut off, and discard files that have come back: a purge is for good."""
    async with transaction(context.sessions) as session:
        unfinished = await purges.list_unfinished(session)
        keys = await purges.purged_keys(session)
    for key in keys:
        await asyncio.to_thread(context.store.discard, key)
    for order_id in unfinished:
        await purge(context, {"order_id": str(order_id)})


def leave_notes(store: ObjectStore, folder: Path, notes: Iterable[Mapping[str, Any]]) -> None:
    """Keep a note of each purged revision in the object store; one that is there stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for note in notes:
        made = folder / f"{new_id()}.note"
        try:
            made.write_text(text_of(note), encoding="utf-8")
            store.put(made, f"{FOLDER}/{note['revision_id']}.json")
        except FileExistsError:
            pass
        finally:
            made.unlink(missing_ok=True)


def text_of(note: Mapping[str, Any]) -> str:
    """A note as it is written."""
    return json.dumps(note, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def clear_spool(folder: Path) -> None:
    """Remove what uploads and conversions left behind when their process ended."""
    if not folder.is_dir():
        return
    before = time.time() - SPOOL_SECONDS
    for path in folder.iterdir():
        try:
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
        except OSError:
            log.warning("spool_remnant_left", name=path.name)


def mark_with(backup: Path, texts: Mapping[str, str]) -> None:
    """Mark a backup with notes.

    :param texts: of the notes, by file name.
    """
    (backup / FOLDER).mkdir(mode=0o700, exist_ok=True)
    for name, text in texts.items():
        (backup / FOLDER / name).write_text(text, encoding="utf-8")


def mark(backup: Backup, notes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Leave the notes in a backup, where it is still found; what is known of it then.

    ``holds`` says whether it has one of the purged files, by digest; None when it cannot be looked into.
    """
    folder = Path(backup.folder)
    found: dict[str, Any] = {
        "folder": backup.folder,
        "made_at": backup.made_at.isoformat(),
        "holds": None,
        "marked": False,
    }
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        digests = set(manifest["files"].values())
        found["holds"] = any(note["sha256"] in digests for note in notes)
        mark_with(folder, {f"{note['revision_id']}.json": text_of(note) for note in notes})
        found["marked"] = True
    except (OSError, ValueError, KeyError, AttributeError) as error:
        log.warning("backup_not_marked", folder=backup.folder, error=type(error).__name__)
    return found


def read_notes(folder: Path) -> dict[UUID, dict[str, Any]]:
    """The notes in a folder: by the revision; from a backup those that it was marked with and those it holds.

    :raises ValueError: a file of it is no note.
    """
    places = [folder, folder / FOLDER, folder / "files" / "objects" / FOLDER, folder / "objects" / FOLDER]
    found = {}
    for place in places:
        for path in sorted(place.glob("*.json")) if place.is_dir() else ():
            if path.name == MANIFEST:
                continue
            try:
                note = json.loads(path.read_text(encoding="utf-8"))
                found[UUID(note["revision_id"])] = note
            except (KeyError, TypeError) as error:
                raise ValueError(f"{path} is no note of a purge") from error
    return found


def stored_notes(store: ObjectStore, work: Path) -> dict[str, str]:
    """The texts of the notes that an installation keeps, by file name."""
    texts = {}
    for stored in store.list(FOLDER):
        copy = work / f"{new_id()}.note"
        try:
            store.copy_to(stored.key, copy)
            texts[PurePath(stored.key).name] = copy.read_text(encoding="utf-8")
        finally:
            copy.unlink(missing_ok=True)
    return texts


JOBS = [Job(purges.PURGE_JOB, purge, attempts=10, concurrency=1)]
SCHEDULES = [Schedule("listings.purge_again", "27 * * * *", purge_again)]
