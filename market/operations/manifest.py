"""The manifest of a backup: what it consists of, each part by its digest, and where its keys lie."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg

from infra.addresses import secret_box
from infra.settings import Settings
from market.operations.errors import CommandFailed

FORMAT = 2
KEYS_INSIDE = 1
"""The format in which the keys lay among the files; still restored."""

MANIFEST = "manifest.json"
DUMP = "database.dump"
FILES = "files"
OBJECTS = "objects"


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
    if manifest.format not in {FORMAT, KEYS_INSIDE}:
        raise CommandFailed(
            f"The backup has format {manifest.format}, this version reads {FORMAT}: restore it with version "
            f"{manifest.version}."
        )
    for name, digest in manifest.files.items():
        path = source / name
        if not path.is_file():
            raise CommandFailed(f"The backup lacks {name}, which its manifest names: use another backup.")
        if sha256_of(path) != digest:
            raise CommandFailed(f"The backup's file {name} is not what was written: use another backup.")
    return manifest


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write it whole or not at all; last of a backup's files, so that a backup with one is complete."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n")
    unfinished.replace(path)


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


def check_of(settings: Settings) -> str:
    """What the master key is known by, without telling anything of it."""
    return secret_box(settings).derive(b"backup check").hex()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_empty(folder: Path, what: str) -> None:
    """Make a folder for its owner only, or take an empty one.

    :param what: ``back up`` or ``restore``, for the person.
    :raises CommandFailed: it is not empty, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise CommandFailed(f"{folder} is a file: name a new folder to {what} into.")
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise CommandFailed(f"{folder} is not empty: name a new folder to {what} into.")
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o711 if what == "restore" and os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise CommandFailed(f"Cannot write to {folder}: {error.strerror}. Name another folder.") from error
