"""Objects in a folder of this machine, or of a disk that its machines share."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from infra.objects.store import ObjectMissing, ObjectStore, StoredObject, checked_key

_PART = ".part"


class LocalStore(ObjectStore):
    """Files in a folder.

    :param root: made when absent, readable by the service only.
    """

    def __init__(self, root: Path) -> None:
        self.root = self.folder = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the object lies.

        :raises ValueError: this is no key.
        """
        return self.root / checked_key(key)

    @asynccontextmanager
    async def reading(self, key: str) -> AsyncIterator[Path]:
        """The object's own file."""
        path = self.path(key)
        if not path.is_file():
            raise ObjectMissing(key)
        yield path

    def put(self, source: Path, key: str) -> None:
        """Link the file into its place, once what is in it has reached the disk."""
        target = self.path(key)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if source.stat().st_dev != target.parent.stat().st_dev:
            moved = target.with_name(target.name + _PART)
            try:
                shutil.copyfile(source, moved)
            except OSError:
                moved.unlink(missing_ok=True)
                raise
            source.unlink()
            source = moved
        _flush(source)
        os.link(source, target)  # unlike a rename, this refuses to replace
        source.unlink()
        target.chmod(0o400)
        _flush(target.parent)

    def copy_to(self, key: str, target: Path) -> None:
        """Copy the file."""
        try:
            shutil.copyfile(self.path(key), target)
        except FileNotFoundError:
            raise ObjectMissing(key) from None

    def discard(self, key: str) -> None:
        """Remove the file."""
        self.path(key).unlink(missing_ok=True)

    def list(self, folder: str) -> Iterator[StoredObject]:
        """The folder's files, those in folders below it too."""
        for path in (self.root / folder).rglob("*"):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # removed since
            if path.is_file() and path.suffix != _PART:
                yield StoredObject(str(path.relative_to(self.root)), found.st_size, found.st_mtime)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
