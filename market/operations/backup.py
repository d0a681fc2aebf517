"""``market backup``: everything that matters, in one folder that proves itself, and its keys.

A backup holds the database (``pg_dump`` in its custom format) and the data files. The signing keys, the master key and
the demo's passwords go into a folder of their own, so that whoever finds a backup alone can neither decrypt what the
database keeps encrypted nor sign as the service.
``manifest.json`` is written last: it names every file with its SHA-256, and every table with its number of rows and a
digest of their contents, taken in the very snapshot that was dumped. Data files are copied after the database: a file
is in the store before its row is committed and never changes, so no row of the snapshot can lack its file.

Both folders are made for their owner only (0700, files 0600). The manifest knows the keys by their digests, so that the
wrong ones are refused.
"""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePath

import asyncpg

from infra.addresses import owner_url, service_login
from infra.db import new_id
from infra.objects import ObjectMissing, ObjectStore, StoreUnavailable, open_store
from infra.settings import Settings
from market.operations import purges
from market.operations.errors import CommandFailed
from market.operations.manifest import (
    DUMP,
    FILES,
    FORMAT,
    MANIFEST,
    OBJECTS,
    Manifest,
    check_of,
    keys_beside,
    make_empty,
    sha256_of,
    table_states,
    write_manifest,
)
from market.operations.pg_programs import libpq, program, run

MASTER_KEY = "master.key"
_KEPT_OBJECTS = ("revisions", purges.FOLDER)
"""Uploads that are under way are not kept: they are sent again."""

_SECRET = ("keys", MASTER_KEY, "demo.json")


async def back_up(
    settings: Settings, destination: Path, tell: Callable[[str], None], *, keys: Path | None = None
) -> Manifest:
    """Copy one installation into a new folder while it runs, and its keys into another.

    :param settings: with the owner's database address.
    :param tell: called with a line for the person at each step.
    :param keys: folder for the keys; beside the destination without.
    :raises CommandFailed: a folder is not empty or cannot be written, one lies in the other, or ``pg_dump`` failed.
    """
    destination, keys = _apart(destination, keys)
    check = check_of(settings)
    for folder in (destination, keys):
        make_empty(folder, "back up")
    url = owner_url(settings)
    connection = await asyncpg.connect(libpq(url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            schema = await connection.fetchval("SELECT version_num FROM alembic_version")
            major = connection.get_server_version().major
            run(
                program("pg_dump", major),
                ["--format=custom", f"--snapshot={snapshot}", f"--file={destination / DUMP}"],
                url,
            )
            tables = await table_states(connection)
            # By the row as it is, since a backup may be made before an upgrade that adds the column.
            needed = await connection.fetch(
                "SELECT object_key, sha256 FROM product_revisions AS r WHERE to_jsonb(r) ->> 'purged_at' IS NULL"
            )
    finally:
        await connection.close()
    tell(f"{len(tables)} tables, {sum(state.rows for state in tables.values())} rows")
    files = {DUMP: sha256_of(destination / DUMP)}
    store = open_store(settings)
    files |= _copy_objects(store, destination)
    lost = _lost_revisions({row["object_key"]: row["sha256"] for row in needed}, files)
    purged = {str(revision_id) for revision_id in purges.read_notes(destination)}
    lost = [key for key in lost if PurePath(key).stem not in purged]
    tell(f"{len(files) - 1} files")
    for key in lost:
        tell(
            f"{key} is lost or damaged in the object store: put it back from an older backup, {FILES}/{OBJECTS}/{key}"
        )
    kept_keys: dict[str, str] = {}
    for name in _SECRET:
        if name == MASTER_KEY and settings.master_key is not None:
            continue  # a file that is not used
        kept_keys |= _copy(settings.data_dir, name, keys, "")
    tell(f"{len(kept_keys)} keys, in {keys}: keep them where the backup is not")
    manifest = Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("data-market"),
        schema=schema,
        service_role=service_login(settings).role,
        master_key_in_setting=settings.master_key is not None,
        tables=tables,
        files=files,
        keys=kept_keys,
        master_key_check=check,
        folder=_real(destination),
    )
    write_manifest(destination / MANIFEST, manifest)
    await _remember(url, destination, manifest)
    # A purge that ended before that did not know of this backup, and had left its notes in the store.
    kept = f"{FILES}/{OBJECTS}/{purges.FOLDER}"
    noted = purges.stored_notes(store, destination)
    if missed := {name: text for name, text in noted.items() if f"{kept}/{name}" not in files}:
        purges.mark_with(destination, missed)
    return manifest


async def _remember(url: str, destination: Path, manifest: Manifest) -> None:
    """Record where the backup is, so that a later purge leaves its notes there."""
    connection = await asyncpg.connect(libpq(url))
    try:
        if await connection.fetchval("SELECT to_regclass('backups')") is not None:
            await connection.execute(
                "INSERT INTO backups (id, folder, made_at, manifest_sha256) VALUES ($1, $2, $3, $4)",
                new_id(),
                manifest.folder,
                datetime.fromisoformat(manifest.made_at),
                sha256_of(destination / MANIFEST),
            )
    finally:
        await connection.close()


def _real(folder: Path) -> str:
    return os.path.realpath(folder)


def _apart(backup: Path, keys: Path | None) -> tuple[Path, Path]:
    backup = backup.absolute()
    keys = (keys or keys_beside(backup)).absolute()
    if backup.is_relative_to(keys) or keys.is_relative_to(backup):
        raise CommandFailed(f"The keys would lie with the backup in {backup}: name a folder apart from it.")
    return backup, keys


def _copy(root: Path, name: str, destination: Path, prefix: str) -> dict[str, str]:
    """Copy a file or a folder of the data folder; the SHA-256 of each copy by its path there, after the prefix."""
    source = root / name
    paths = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    copied = {}
    for path in paths:
        if path.name == ".lock":
            continue
        target = destination / path.relative_to(root)
        try:
            target.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o600)
        except OSError as error:
            raise CommandFailed(f"Cannot copy {path} to {target}: {error.strerror}.") from error
        copied[f"{prefix}{path.relative_to(root)}"] = sha256_of(target)
    return copied


def _copy_objects(store: ObjectStore, destination: Path) -> dict[str, str]:
    """Copy the data files, from wherever they are kept; the SHA-256 of each by its path in the backup."""
    copied = {}
    for folder in _KEPT_OBJECTS:
        try:
            keys = sorted(found.key for found in store.list(folder))
        except StoreUnavailable as error:
            raise CommandFailed(f"Cannot list the object store: {error.strerror}.") from error
        for key in keys:
            name = f"{FILES}/{OBJECTS}/{key}"
            target = destination / name
            try:
                target.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
                store.copy_to(key, target)
                target.chmod(0o600)
            except ObjectMissing:
                continue  # purged or discarded since
            except OSError as error:
                raise CommandFailed(f"Cannot copy {key} to {target}: {error.strerror}.") from error
            copied[name] = sha256_of(target)
    return copied


def _lost_revisions(needed: dict[str, str], files: dict[str, str]) -> list[str]:
    """Revisions whose files the object store does not give as they were registered.

    :param needed: digests of the revisions' files, by key.
    :raises CommandFailed: there is none of them: the store is not the service's.
    """
    lost = [key for key, digest in sorted(needed.items()) if files.get(f"{FILES}/{OBJECTS}/{key}") != digest]
    if needed and not any(f"{FILES}/{OBJECTS}/{key}" in files for key in needed):
        raise CommandFailed(
            f"The object store holds none of the {len(needed)} revisions that the database knows: set"
            " MARKET_OBJECT_STORE, or name the data folder, as the service has it."
        )
    return lost
