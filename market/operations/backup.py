"""``market backup`` and ``market restore``: everything that matters, in one folder that proves itself, and its keys.

A backup holds the database (``pg_dump`` in its custom format) and the data files. The signing keys, the master key and
the demo's passwords go into a folder of their own, so that whoever finds a backup alone can neither decrypt what the
database keeps encrypted nor sign as the service.
``manifest.json`` is written last: it names every file with its SHA-256, and every table with its number of rows and a
digest of their contents, taken in the very snapshot that was dumped. Data files are copied after the database: a file
is in the store before its row is committed and never changes, so no row of the snapshot can lack its file.

Both folders are made for their owner only (0700, files 0600). The manifest knows the keys by their digests, so that the
wrong ones are refused.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa

from infra.addresses import owner_url, secret_box, service_login
from infra.db import new_id
from infra.migrations import runner
from infra.objects import ObjectMissing, ObjectStore, StoreUnavailable, open_store
from infra.postgres import EmbeddedPostgres
from infra.postgres_host import packaged_programs
from infra.settings import Settings
from market.operations import purges
from market.operations.database import migrate, with_server
from market.operations.errors import CommandFailed
from market.operations.purged_again import purge_restored

FORMAT = 2
_KEYS_INSIDE = 1
"""The format in which the keys lay among the files; still restored."""

MANIFEST = "manifest.json"
DUMP = "database.dump"
FILES = "files"
MASTER_KEY = "master.key"
OBJECTS = "objects"
_KEPT_OBJECTS = ("revisions", purges.FOLDER)
"""Uploads that are under way are not kept: they are sent again."""

_SECRET = ("keys", MASTER_KEY, "demo.json")
_CHUNK = 1024 * 1024
_LONGEST_SAID = 400


@dataclass(frozen=True, slots=True)
class TableState:
    """How many rows a table has, and the sum of their digests, which no order of rows changes."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup consists of.

    :param files: SHA-256 of every file, by its path inside the backup.
    :param keys: the same for the folder of keys.
    :param master_key_check: derived from the master key, to know it by.
    :param master_key_in_setting: the master key was given as a setting, so that it is not among the keys.
    :param service_role: the login that the dumped rights are granted to.
    :param folder: where it was made; a purge leaves its notes there as long as it is found.
    """

    format: int
    made_at: str
    version: str
    schema: str
    service_role: str
    master_key_in_setting: bool
    tables: dict[str, TableState]
    files: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)
    master_key_check: str = ""
    folder: str = ""


def keys_beside(backup: Path) -> Path:
    """Where the keys of a backup lie unless somebody says otherwise."""
    return backup.with_name(f"{backup.name}-keys")


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
    check = _check_of(settings)
    for folder in (destination, keys):
        _make_empty(folder, "back up")
    url = owner_url(settings)
    connection = await asyncpg.connect(_libpq(url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            schema = await connection.fetchval("SELECT version_num FROM alembic_version")
            major = connection.get_server_version().major
            _run(
                _program("pg_dump", major),
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
    files = {DUMP: _sha256(destination / DUMP)}
    files |= _copy_objects(open_store(settings), destination)
    _require_a_revision({row["object_key"]: row["sha256"] for row in needed}, files)
    tell(f"{len(files) - 1} files")
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
    _write_manifest(destination / MANIFEST, manifest)
    await _remember(url, destination, manifest)
    return manifest


def read_manifest(source: Path) -> Manifest:
    """The manifest of a backup, with every file it names found as it was written.

    :raises CommandFailed: there is none, or a file is missing or changed.
    """
    try:
        raw = json.loads((source / MANIFEST).read_text())
        manifest = Manifest(
            **raw | {"tables": {name: TableState(**state) for name, state in raw["tables"].items()}}
        )
    except OSError as error:
        raise CommandFailed(
            f"{source} holds no complete backup ({MANIFEST}: {error.strerror}): name a folder market backup made."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise CommandFailed(f"{source / MANIFEST} is damaged: use another backup.") from error
    if manifest.format not in {FORMAT, _KEYS_INSIDE}:
        raise CommandFailed(
            f"The backup has format {manifest.format}, this version reads {FORMAT}: restore it with version "
            f"{manifest.version}."
        )
    for name, digest in manifest.files.items():
        path = source / name
        if not path.is_file():
            raise CommandFailed(f"The backup lacks {name}, which its manifest names: use another backup.")
        if _sha256(path) != digest:
            raise CommandFailed(f"The backup's file {name} is not what was written: use another backup.")
    return manifest


def find_keys(settings: Settings, source: Path, manifest: Manifest, keys: Path | None) -> Path | None:
    """The folder with the keys of a backup, found as they were written; None where the restored one goes without.

    With the master key as a setting the folder may be missing: new signing keys are made then.

    :param keys: where somebody says they are.
    :raises CommandFailed: a key is missing, or is another one; the text says how to supply it.
    """
    if manifest.format == _KEYS_INSIDE:
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
        if _sha256(path) != digest:
            raise CommandFailed(
                f"{path} is not the key that belongs to this backup: name another folder with --keys."
            )
    return folder


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

    :param settings: with the new data folder and no database address.
    What was purged since the backup was made is purged again before anything is served: by the notes that the backup
    was marked with, and by those that are named.

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
    if settings.master_key is not None and manifest.master_key_check not in {"", _check_of(settings)}:
        raise CommandFailed(
            "MARKET_MASTER_KEY is not the master key that this backup was made with: set it to that one, or leave it"
            " out and name the folder of the keys with --keys."
        )
    _make_empty(settings.data_dir, "restore")
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
        connection = await asyncpg.connect(_libpq(owner_url(started)))
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


async def _remember(url: str, destination: Path, manifest: Manifest) -> None:
    """Record where the backup is, so that a later purge leaves its notes there."""
    connection = await asyncpg.connect(_libpq(url))
    try:
        if await connection.fetchval("SELECT to_regclass('backups')") is not None:
            await connection.execute(
                "INSERT INTO backups (id, folder, made_at, manifest_sha256) VALUES ($1, $2, $3, $4)",
                new_id(),
                manifest.folder,
                datetime.fromisoformat(manifest.made_at),
                _sha256(destination / MANIFEST),
            )
    finally:
        await connection.close()


def _real(folder: Path) -> str:
    return os.path.realpath(folder)


def _purge_notes(
    source: Path, manifest: Manifest, purged: Path | None, *, nothing_purged: bool
) -> dict[UUID, dict[str, Any]]:
    """Notes of what is to be purged again; a backup that no purge could have marked is not restored unasked.

    :raises CommandFailed: somebody has to say what was purged since, or the notes cannot be read.
    """
    if purged is None and not nothing_purged and manifest.folder != _real(source):
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


async def table_states(connection: asyncpg.Connection) -> dict[str, TableState]:
    """Row count and content digest of every table, as the connection's transaction sees them."""
    for setting in (
        "timezone = 'UTC'",
        "datestyle = 'ISO'",
        "extra_float_digits = 1",
        "bytea_output = 'hex'",
    ):
        await connection.execute(f"SET {setting}")
    names = await connection.fetch(
        "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND n.nspname NOT LIKE 'pg_temp%' ORDER BY 1"
    )
    states = {}
    for (name,) in names:
        # Half an MD5 of each row's text as a number; the sum does not depend on the order of rows.
        row = await connection.fetchrow(
            "SELECT count(*) AS rows,"  # noqa: S608 - the server quoted the name
            " coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text AS digest"
            f" FROM {name} AS t"
        )
        states[name] = TableState(row["rows"], row["digest"])
    return states


async def _fill(url: str, service_role: str, dump: Path, manifest: Manifest) -> None:
    """Load the dump as the owner. Rights were granted to the old service login: it is made first, then renamed."""
    await runner.ensure_service_login(url, runner.ServiceLogin(manifest.service_role, None))
    _run(
        packaged_programs() / "pg_restore",
        [
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={_passwordless(url)}",
            str(dump),
        ],
        url,
    )
    if manifest.service_role != service_role:
        connection = await asyncpg.connect(_libpq(url))
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


def _program(name: str, server_major: int) -> Path:
    """``pg_dump`` that can read the server: the one that is carried, or a newer one on PATH for a newer server."""
    carried = packaged_programs() / name
    if server_major <= _major(carried):
        return carried
    found = shutil.which(name)
    if found is None or _major(Path(found)) < server_major:
        raise CommandFailed(
            f"The server is PostgreSQL {server_major} and no {name} of that version is on PATH: "
            f"install postgresql-client-{server_major}."
        )
    return Path(found)


def _major(program: Path) -> int:
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2].split(".")[0])


def _run(program: Path, arguments: list[str], url: str) -> None:
    if program.name == "pg_dump":
        arguments = [*arguments, f"--dbname={_passwordless(url)}"]
    password = sa.make_url(url).password
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    done = subprocess.run(
        [str(program), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment | {"LC_ALL": "C"},
        check=False,
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:_LONGEST_SAID]
        raise CommandFailed(f"{program.name} failed: {said}")


def _libpq(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _passwordless(url: str) -> str:
    # The password travels in the environment: command lines are for everybody to read.
    address = sa.make_url(url).set(drivername="postgresql")
    return sa.URL.create(
        "postgresql", address.username, None, address.host, address.port, address.database, address.query
    ).render_as_string()


def _make_empty(folder: Path, what: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise CommandFailed(f"{folder} is a file: name a new folder to {what} into.")
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise CommandFailed(f"{folder} is not empty: name a new folder to {what} into.")
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o711 if what == "restore" and os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise CommandFailed(f"Cannot write to {folder}: {error.strerror}. Name another folder.") from error


def _apart(backup: Path, keys: Path | None) -> tuple[Path, Path]:
    backup = backup.absolute()
    keys = (keys or keys_beside(backup)).absolute()
    if backup.is_relative_to(keys) or keys.is_relative_to(backup):
        raise CommandFailed(f"The keys would lie with the backup in {backup}: name a folder apart from it.")
    return backup, keys


def _check_of(settings: Settings) -> str:
    return secret_box(settings).derive(b"backup check").hex()


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
        copied[f"{prefix}{path.relative_to(root)}"] = _sha256(target)
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
                continue  # discarded since: no row of the snapshot needs it
            except OSError as error:
                raise CommandFailed(f"Cannot copy {key} to {target}: {error.strerror}.") from error
            copied[name] = _sha256(target)
    return copied


def _require_a_revision(needed: dict[str, str], files: dict[str, str]) -> None:
    """A store that holds none of the revisions is not the service's.

    :param needed: digests of the revisions' files, by key.
    """
    if needed and not any(f"{FILES}/{OBJECTS}/{key}" in files for key in needed):
        raise CommandFailed(
            f"The object store holds none of the {len(needed)} revisions that the database knows: set"
            " MARKET_OBJECT_STORE, or name the data folder, as the service has it."
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_manifest(path: Path, manifest: Manifest) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n")
    unfinished.replace(path)
