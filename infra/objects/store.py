"""What a keeper of objects does, whichever it is."""

import errno
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

_KEY = re.compile(r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9._-]*)+$")


class ObjectMissing(FileNotFoundError):
    """There is no object under the key."""

    def __init__(self, key: str) -> None:
        super().__init__(errno.ENOENT, "no such object", key)


class StoreUnavailable(OSError):
    """The store cannot be reached, or does not take or give the object at present."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(errno.EREMOTEIO, reason, key)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a list shows it.

    :param modified_at: seconds since 1970, by the keeper's clock.
    """

    key: str
    size_bytes: int
    modified_at: float


class ObjectStore(ABC):
    """Files that are written once and never change.

    A key is such as ``revisions/0198….parquet``: lower-case letters, digits, ``-_.`` and ``/`` only. Methods that take
    one raise ValueError when it is none, so that it never reaches outside the store. What blocks is for threads.

    :ivar folder: where the files that :meth:`reading` hands out lie.
    """

    folder: Path

    @abstractmethod
    def reading(self, key: str) -> AbstractAsyncContextManager[Path]:
        """The object as a local file, which is there for the length of the block and is only read.

        :raises ObjectMissing: there is none.
        :raises StoreUnavailable: it cannot be had at present.
        """

    @abstractmethod
    def put(self, source: Path, key: str) -> None:
        """Move a finished file into the store; it is durable when this returns. Blocks.

        :param source: a file on this machine; gone afterwards.
        :raises FileExistsError: there is another object under this key already.
        :raises OSError: the store did not take it.
        """

    @abstractmethod
    def copy_to(self, key: str, target: Path) -> None:
        """Write the object into a new file, checked as far as the keeper can. Blocks.

        :raises ObjectMissing: there is none.
        :raises StoreUnavailable: it cannot be had at present, or was damaged.
        """

    @abstractmethod
    def discard(self, key: str) -> None:
        """Remove an object, and what this machine has cached of it; no error when it is absent. Blocks.

        :raises StoreUnavailable: the store cannot be reached.
        """

    @abstractmethod
    def list(self, folder: str) -> Iterator[StoredObject]:
        """What lies under a first part of keys, such as ``revisions``, in no order. Blocks.

        :raises StoreUnavailable: the store cannot be reached.
        """

    def prune(self) -> int:
        """Remove this machine's copies of objects that there are no more. Blocks.

        :return: how many; none where there are no copies.
        :raises StoreUnavailable: the store cannot be reached.
        """
        return 0


def checked_key(key: str) -> str:
    """The key, when it is one.

    :raises ValueError: it is not, and could reach outside the store.
    """
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"{key!r} is no object key")
    return key
