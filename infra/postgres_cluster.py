"""The files of an embedded cluster: made whole or not at all, with the passwords of their logins."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from infra.postgres_host import Account, PostgresError, make_shared_folder, reachable_programs, run_as
from infra.private_files import write_private

MAJOR_VERSION = "16"
DATABASE = "market"
OWNER = "market_owner"
SUPERUSER = "postgres"

# Given at each start, not kept in the cluster, so that a new version of the service brings its own.
# Statements are not logged: they hold personal data, and the service logs its own failures with a trace id.
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "on",
        "synchronous_commit": "on",
        "shared_buffers": "128MB",
        "max_connections": "100",
        "max_wal_size": "1GB",
        "checkpoint_timeout": "15min",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_messages": "log",
        "log_checkpoints": "off",
        "lc_messages": "C",
        "unix_socket_permissions": "0700",
    }
)
THROWAWAY_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        **SETTINGS,
        "fsync": "off",
        "full_page_writes": "off",
        # A worker of it in a database keeps the owner from dropping it, and its statistics change plans by chance.
        "autovacuum": "off",
        "max_wal_size": "256MB",
        "shared_buffers": "64MB",
    }
)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """How to reach a database as one of its logins; the password is left out of ``repr``.

    :param host: a folder with a Unix socket, or a loopback address where no socket path is short enough.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    def url(self, driver: str = "postgresql+asyncpg") -> str:
        """The address as a URL: for SQLAlchemy with its driver, for asyncpg and libpq with ``postgresql``."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        if not self.host.startswith("/"):
            return f"{driver}://{login}@{self.host}:{self.port}/{self.database}"
        return f"{driver}://{login}@/{self.database}?host={quote(self.host, safe='/')}&port={self.port}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What ``postgres.json`` in the data folder holds.

    :param home: folder of the cluster, its sockets and its log; relative to the data folder when inside it.
    """

    home: str
    owner_password: str = field(repr=False)
    superuser_password: str = field(repr=False)


def read_credentials(path: Path) -> Credentials:
    """The passwords of a data folder.

    :raises PostgresError: the file cannot be read or does not hold them.
    """
    try:
        return Credentials(**json.loads(path.read_text()))
    except OSError as error:
        raise PostgresError(
            f"cannot read {path}: {error.strerror}. Start as the account that made it."
        ) from error
    except (ValueError, TypeError) as error:
        raise PostgresError(
            f"{path} is damaged: put it back from a backup, or restore into a new folder with market restore."
        ) from error


def create_cluster(credentials_file: Path, home: Path, account: Account, *, throwaway: bool) -> None:
    """Make the cluster beside its place and move it there once complete: half of one is never used.

    :param home: where ``cluster/`` and ``socket/`` are to lie.
    :param throwaway: nothing is synced to disk, and the owner may make further databases.
    :raises PostgresError: no space, no right to write, or a cluster that was here is gone.
    """
    unfinished = home / "unfinished"
    known = read_credentials(credentials_file) if credentials_file.exists() else None
    if known is not None and not unfinished.exists():
        raise PostgresError(
            f"{credentials_file.parent} belongs to a cluster in {home}, which is not there: put it back, "
            "or restore a backup into a new folder with market restore."
        )
    inside = home.parent == credentials_file.parent
    made = known or Credentials(
        home.name if inside else str(home), secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    )
    password_file = unfinished / "password"
    try:
        _make_home(home, account, inside=inside)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _give(unfinished, account)
        write_private(credentials_file, json.dumps(asdict(made)).encode())
        write_private(password_file, made.superuser_password.encode())
        _give(password_file, account)
        _fill(unfinished / "cluster", password_file, made, account, throwaway=throwaway)
        (unfinished / "cluster").rename(home / "cluster")
    except OSError as error:
        raise unwritable(home, error) from error
    shutil.rmtree(unfinished, ignore_errors=True)


def check_version(cluster: Path) -> None:
    """Make sure that the cluster is of the PostgreSQL that is carried.

    :raises PostgresError: it is of another, or cannot be read.
    """
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise PostgresError(
            f"cannot read the cluster in {cluster}: {error.strerror}. Start as the account that made it."
        ) from error
    if version != MAJOR_VERSION:
        raise PostgresError(
            f"the cluster in {cluster} is of PostgreSQL {version}, this service carries {MAJOR_VERSION}: "
            "restore a backup into a new folder with market restore."
        )


def explained(output: str, home: Path) -> str:
    """One line out of what the server's programs said, with what to do about it."""
    marks = ("PANIC:", "FATAL:", "ERROR:", "error:")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if any(mark in line for mark in marks)]
    said = (telling or lines or ["it ended without a word"])[0]
    for mark in marks:
        said = said.split(mark, 1)[-1].strip()
    if any(
        text in output
        for text in ("No space left", "quota exceeded", "File too large", "size limit exceeded")
    ):
        remedy = f"free some space for {home}, then start again"
    elif "Permission denied" in output:
        remedy = f"give the account of the server its rights on {home} back"
    elif "shared memory" in output:
        remedy = "end the PostgreSQL that still runs on this data folder, or free shared memory"
    else:
        remedy = f"see {home / 'server.log'}"
    return f"PostgreSQL did not start: {said.rstrip('.')}; {remedy}."


def unwritable(path: Path, error: OSError) -> PostgresError:
    """The error for a file or folder that cannot be written."""
    return PostgresError(
        f"cannot write to {path}: {error.strerror or error}. Free space, give this account the "
        "right to write there, or choose another folder with --data-dir."
    )


def _make_home(home: Path, account: Account, *, inside: bool) -> None:
    if not inside:
        make_shared_folder()
    for folder in (home, home / "socket"):
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            _give(folder, account)


def _fill(
    cluster: Path, password_file: Path, made: Credentials, account: Account, *, throwaway: bool
) -> None:
    programs = reachable_programs(account)
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        cluster,
        "-U",
        SUPERUSER,
        f"--pwfile={password_file}",
    ]
    initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8"]
    if throwaway:
        initdb.append("--no-sync")
    _checked(run_as(account, initdb, cwd=cluster.parent), cluster.parent.parent)
    # Single-user mode needs neither a port nor a login; there, one statement stands on one line.
    rights = "LOGIN CREATEROLE CREATEDB" if throwaway else "LOGIN CREATEROLE"
    statements = (
        f"CREATE ROLE {OWNER} {rights} PASSWORD '{made.owner_password}'\n"
        f"CREATE DATABASE {DATABASE} OWNER {OWNER}\n"
    )
    single: list[str | Path] = [programs / "postgres", "--single", "-D", cluster, "-c", "log_checkpoints=off"]
    single += ["-c", f"fsync={'off' if throwaway else 'on'}", "postgres"]
    _checked(run_as(account, single, cwd=cluster.parent, standard_input=statements), cluster.parent.parent)


def _checked(result: subprocess.CompletedProcess[str], home: Path) -> None:
    # Single-user mode reports a failed statement and ends with 0 all the same.
    if result.returncode != 0 or "ERROR:" in result.stdout:
        raise PostgresError(explained(result.stdout, home))


def _give(path: Path, account: Account) -> None:
    if account.uid is not None and account.gid is not None:
        os.chown(path, account.uid, account.gid)
