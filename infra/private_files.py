"""Files that only the service's own account may read: keys and what else must not lie about."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPEN_TO_EVERYBODY = 0o007
"""Mode bits that no private file or folder may have."""


def write_private(path: Path, content: bytes) -> None:
    """Replace a file atomically and durably; only its owner can read it (0600)."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_to_everybody(path: Path) -> bool:
    """Whether every user of the machine can reach the file or folder."""
    return bool(path.stat().st_mode & OPEN_TO_EVERYBODY)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One process at a time inside this block for a folder; the lock goes with the process."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
