"""``market restore``: a backup brought to life in a new data folder, and compared with what it was made of."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from infra.addresses import owner_url, service_login
from infra.migrations import runner
from infra.objects import ObjectStore, open_store
from infra.postgres import EmbeddedPostgres
from infra.postgres_host import packaged_programs
from infra.settings import Settings
from market.operations import purges
from market.operations.database import migrate, with_server
from market.operations.errors import CommandFailed
from market.operations.manifest import (
    DUMP,
    FILES,
    KEYS_INSIDE,
    OBJECTS,
    Manifest,
    TableState,
    check_of,
    keys_beside,
    make_empty,
    read_manifest,
    sha256_of,
    table_states,
)
from market.operations.pg_programs import libpq, run
from market.operations.purged_again import purge_restored


async def restore(
    settings: Settings,
    source: Path,
    tell: Callable[[str], None],
    *,
    keys: Path | None = None,
    purged: Path | None = None,
    nothing_purged: bool = False,
) -> Manifest:
    """Bring a backup to life in a new data folder, on its own embedded server, and compare it with the manifest.

    What was purged since the backup was made is purged again before anything is served: by the notes that the backup
    was marked with, and by those that are named.

    :param settings: with the new data folder and no database address.
    :param keys: folder of its keys; beside it without.
    :param purged: folder with notes of purges, or a later backup.
    :param nothing_purged: somebody says that nothing was purged since, of a backup that may not have been marked.
    :raises CommandFailed: the backup is incomplete or changed, the folder is not empty, or the outcome differs; or it
        is not known what was purged since.
    :raises PostgresError: the embedded server could not be started.
    """
    manifest = read_manifest(source)
    tell(f"{len(manifest.files)} files are as they were written")
    if manifest.master_key_in_setting and settings.master_key is None:
        raise CommandFailed(
            "The backup was made with the master key in MARKET_MASTER_KEY and does not hold it: set it to the same key."
        )
    notes = _purge_notes(source, manifest, purged, nothing_purged=nothing_purged)
    key_folder = find_keys(settings, source, manifest, keys)
    if settings.master_key is not None and manifest.master_key_check not in {"", check_of(settings)}:
        raise CommandFailed(
            "MARKET_MASTER_KEY is not the master key that this backup was made with: set it to that one, or leave it"
            " out and name the folder of the keys with --keys."
        )
    make_empty(settings.data_dir, "restore")
    server = EmbeddedPostgres(settings.data_dir)
    try:
        _put_back(source, settings, manifest)
        if key_folder is not None:
            for name in manifest.keys:
                _place(key_folder / name, settings.data_dir / name, 0o600)
        elif manifest.keys:
            tell(
                "no signing keys were found: new ones are made, and tokens that were issued before are refused"
            )
        started = with_server(settings, server.start())
        await _fill(owner_url(started), service_login(started).role, source / DUMP, manifest)
        connection = await asyncpg.connect(libpq(owner_url(started)))
        try:
            _compare(await table_states(connection), manifest.tables)
        finally:
            await connection.close()
        if notes:
            await migrate(started)
            gone = await purge_restored(started, notes)
            tell(f"{gone} revisions that were purged since are purged again")
    except BaseException:
        server.destroy()
        raise
    server.stop()
    tell(f"{len(manifest.tables)} tables have the rows and contents they had")
    return manifest


def find_keys(settings: Settings, source: Path, manifest: Manifest, keys: Path | None) -> Path | None:
    """The folder with the keys of a backup, found as they were written; None where the restored one goes without.

    With the master key as a setting the folder may be missing: new signing keys are made then.

    :param keys: where somebody says they are.
    :raises CommandFailed: a key is missing, or is another one; the text says how to supply it.
    """
    if manifest.format == KEYS_INSIDE:
        return None
    folder = keys or keys_beside(source.absolute())
    if keys is None and not folder.exists() and settings.master_key is not None:
        return None
    for name, digest in manifest.keys.items():
        path = folder / name
        if not path.is_file():
            raise CommandFailed(
                f"{folder} lacks {name}: name the folder that market backup put the keys into with --keys, or set"
                " MARKET_MASTER_KEY to the master key; without it what the database holds encrypted is lost."
            )
        if sha256_of(path) != digest:
            raise CommandFailed(
                f"{path} is not the key that belongs to this backup: name another folder with --keys."
            )
    return folder


def _purge_notes(
    source: Path, manifest: Manifest, purged: Path | None, *, nothing_purged: bool
) -> dict[UUID, dict[str, Any]]:
    """Notes of what is to be purged again; a backup that no purge could have marked is not restored unasked.

    :raises CommandFailed: somebody has to say what was purged since, or the notes cannot be read.
    """
    if purged is None and not nothing_purged and manifest.folder != os.path.realpath(source):
        raise CommandFailed(
            f"{source} is not where this backup was made, so data that was purged since may not be marked in it: name"
            " the folder that `market purges FOLDER` wrote, or a later backup, with --purges; or say --no-purges when"
            " nothing was purged since."
        )
    if purged is not None and not purged.is_dir():
        raise CommandFailed(f"{purged} is no folder: name the one that `market purges FOLDER` wrote.")
    try:
        notes = purges.read_notes(source)
        return notes | (purges.read_notes(purged) if purged is not None else {})
    except (OSError, ValueError) as error:
        raise CommandFailed(f"The notes of purges cannot be read: {error}.") from error


async def _fill(url: str, service_role: str, dump: Path, manifest: Manifest) -> None:
    """Load the dump as the owner. Rights were granted to the old service login: it is made first, then renamed."""
    await runner.ensure_service_login(url, runner.ServiceLogin(manifest.service_role, None))
    run(
        packaged_programs() / "pg_restore",
        [
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
            str(dump),
        ],
        url,
    )
    if manifest.service_role != service_role:
        connection = await asyncpg.connect(libpq(url))
        try:
            old, new = (name.replace('"', '""') for name in (manifest.service_role, service_role))
            await connection.execute(f'ALTER ROLE "{old}" RENAME TO "{new}"')
        finally:
            await connection.close()


def _compare(found: dict[str, TableState], expected: dict[str, TableState]) -> None:
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            raise CommandFailed(
                f"Table {name} is not what it was: {found.get(name)} instead of {expected.get(name)}. "
                "Nothing was kept; use another backup."
            )


def _put_back(source: Path, settings: Settings, manifest: Manifest) -> None:
    prefix = f"{FILES}/"
    objects = f"{prefix}{OBJECTS}/"
    store = open_store(settings)
    for name in manifest.files:
        if name.startswith(objects):
            _put_object(store, source / name, settings.data_dir, name.removeprefix(objects))
        elif name.startswith(prefix):
            _place(source / name, settings.data_dir / name.removeprefix(prefix), 0o600)


def _put_object(store: ObjectStore, source: Path, data_dir: Path, key: str) -> None:
    copy = data_dir / "object.part"
    _place(source, copy, 0o600)
    try:
        store.put(copy, key)
    except FileExistsError as error:
        raise CommandFailed(
            f"The object store holds another {key} already: name an empty one in MARKET_OBJECT_STORE."
        ) from error
    except OSError as error:
        raise CommandFailed(f"The object store did not take {key}: {error.strerror}.") from error
    finally:
        copy.unlink(missing_ok=True)


def _place(source: Path, target: Path, mode: int) -> None:
    try:
        target.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(mode)
    except OSError as error:
        raise CommandFailed(f"Cannot write {target}: {error.strerror}.") from error
