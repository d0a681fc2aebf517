"""The object store: immutable files under a key, in a local folder."""

import os
import re
import shutil
from pathlib import Path

_KEY = re.compile(r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9._-]*)+$")


class ObjectStore:
    """Files that are written once and never change.

    :param root: folder of the store; made when absent, readable by the service only.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the object lies.

        :param key: such as ``revisions/0198….parquet``; lower-case letters, digits, ``-_.`` and ``/`` only.
        :raises ValueError: the key could reach outside the store.
        """
        if not _KEY.fullmatch(key) or ".." in key:
            raise ValueError(f"{key!r} is no object key")
        return self.root / key

    def put(self, source: Path, key: str) -> Path:
        """Move a finished file into the store; it is durable when this returns.

        :param source: a file on the same machine; gone afterwards.
        :raises FileExistsError: there is an object under this key already.
        """
        target = self.path(key)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if source.stat().st_dev != target.parent.stat().st_dev:
            moved = target.with_name(target.name + ".part")
            shutil.copyfile(source, moved)
            source.unlink()
            source = moved
        _flush(source)
        os.link(source, target)  # unlike a rename, this refuses to replace
        source.unlink()
        target.chmod(0o400)
        _flush(target.parent)
        return target

    def discard(self, key: str) -> None:
        """Remove an object whose registration failed; no error when it is absent."""
        self.path(key).unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
