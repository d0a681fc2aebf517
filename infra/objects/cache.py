"""Copies of objects on this machine: bounded, shared by its processes, and never taken away while they are read.

A file is held for reading by a shared lock of the kernel (``flock``), which ends with the process that holds it, and is
removed under an exclusive one. So nothing has to be counted or repaired after a crash.
"""

import fcntl
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.db import new_id
from infra.objects.store import checked_key

_LOCKS = 64
_PARTS = ".part"
_LOCK_FOLDER = ".lock"


class Lease:
    """A cached file that stays until :meth:`close`."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    def close(self) -> None:
        """Let it go."""
        os.close(self._handle)


class FileCache:
    """Files by the keys of their objects; the least recently read go first.

    :param folder: made when absent; the same for every process of the machine.
    :param max_bytes: of all files together; those that are being read stay even above it.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        for part in (folder, folder / _PARTS, folder / _LOCK_FOLDER):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, key: str) -> Lease | None:
        """The cached file, held for reading; None when it is not here."""
        path = self.folder / checked_key(key)
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            # What was removed between the opening and the lock is there no more for those who open it by its name.
            if path.stat().st_ino == os.fstat(handle).st_ino:
                os.utime(handle)
                return Lease(path, handle)
        except (BlockingIOError, FileNotFoundError):
            pass  # it is being removed
        os.close(handle)
        return None

    def fill(self, key: str, size_bytes: int, write: Callable[[Path], None]) -> None:
        """Have the file here: written by one process at a time, and whole or not at all. Blocks.

        :param size_bytes: of the file, for which room is made.
        :param write: writes the file that it is given the name of; whatever it raises is passed on.
        """
        path = self.folder / checked_key(key)
        with self._locked(f"{zlib.crc32(key.encode()) % _LOCKS}"):
            if path.exists():
                return
            part = self.folder / _PARTS / str(new_id())
            try:
                self.make_room(size_bytes)
                write(part)
                self._place(part, path)
            finally:
                part.unlink(missing_ok=True)

    def adopt(self, source: Path, key: str) -> None:
        """Keep a file that has just become an object; it is gone from where it was. Blocks."""
        try:
            self.make_room(source.stat().st_size)
            self._place(source, self.folder / checked_key(key))
        except OSError:
            pass  # on another disk, or there is no room: it is fetched when it is read
        finally:
            source.unlink(missing_ok=True)

    def drop(self, key: str) -> None:
        """Remove a file, also while it is read: whoever has it open reads on, and nobody opens it any more."""
        (self.folder / checked_key(key)).unlink(missing_ok=True)

    def keys(self) -> Iterator[str]:
        """What is here."""
        return (str(path.relative_to(self.folder)) for path, _ in self._files())

    def make_room(self, size_bytes: int) -> None:
        """Remove what was not read for longest until so many bytes fit, as far as files are not being read."""
        with self._locked("room"):
            files = sorted(self._files(), key=lambda found: found[1].st_mtime)
            excess = sum(state.st_size for _, state in files) + size_bytes - self._max_bytes
            for path, state in files:
                if excess <= 0:
                    return
                if _removed(path):
                    excess -= state.st_size

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob("[a-z0-9]*/**/*"):
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                yield path, state

    def _place(self, source: Path, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.chmod(0o400)
        source.rename(path)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        handle = os.open(self.folder / _LOCK_FOLDER / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _removed(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
