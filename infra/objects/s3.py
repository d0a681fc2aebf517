"""Objects in an S3-compatible store, by obstore; what is read is cached on this machine.

The store belongs to whoever runs the service, so that its address is trusted. Addresses that others name are called by
:mod:`infra.outgoing` instead, with requests that are signed here (:func:`signed_url`).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import structlog
from obstore import exceptions
from obstore.store import S3Store as Bucket

from infra.object_address import S3Address
from infra.objects.cache import FileCache, Lease
from infra.objects.store import ObjectMissing, ObjectStore, StoredObject, StoreUnavailable, checked_key

WHOLE_BYTES = 32 * 1024 * 1024
"""Up to this size an object is sent at once, on condition that there is none; larger ones are sent in parts."""

_PART_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_DIGEST = "sha256"
ABSENT = (FileNotFoundError, exceptions.NotFoundError)
_FETCHES = 8
_TRIES = 3
_LONGEST_REASON = 300

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """A key of the store."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        """Nothing of the secret."""
        return f"S3Credentials({self.key_id!r})"


class S3Store(ObjectStore):
    """A bucket, or a part of one.

    :param credentials: None for those of the environment, as Amazon's own tools find them.
    :param cache_folder: where copies on this machine lie.
    :param fetch_seconds: how long a reader waits for an object that is not cached; fetching it goes on meanwhile.
    """

    def __init__(
        self,
        address: S3Address,
        credentials: S3Credentials | None,
        *,
        cache_folder: Path,
        cache_bytes: int,
        fetch_seconds: float,
    ) -> None:
        self._bucket: Any = _bucket(address, credentials)
        self._hidden = credentials.secret if credentials else None
        self._cache = FileCache(cache_folder, cache_bytes)
        self.folder = cache_folder
        self._seconds = fetch_seconds
        self._fetching: dict[str, asyncio.Future[None]] = {}
        # Threads of its own: a store that is slow holds up nothing else.
        self._threads = ThreadPoolExecutor(_FETCHES, thread_name_prefix="objects")

    @asynccontextmanager
    async def reading(self, key: str) -> AsyncIterator[Path]:
        """A copy on this machine, fetched when it is not there yet."""
        lease = self._cache.open(key) or await self._fetched(key)
        try:
            yield lease.path
        finally:
            lease.close()

    async def _fetched(self, key: str) -> Lease:
        for _ in range(_TRIES):
            fetching = self._fetching.get(key)
            if fetching is None:
                fetching = asyncio.get_running_loop().run_in_executor(self._threads, self._fetch, key)
                self._fetching[key] = fetching
                fetching.add_done_callback(lambda done: self._ended(key, done))
            try:
                async with asyncio.timeout(self._seconds):
                    await asyncio.shield(fetching)
            except TimeoutError:
                raise StoreUnavailable(key, f"not fetched within {self._seconds:g} seconds") from None
            if (lease := self._cache.open(key)) is not None:
                return lease
        raise StoreUnavailable(key, "the cache is too small for what is read at once")

    def _ended(self, key: str, done: "asyncio.Future[None]") -> None:
        del self._fetching[key]
        if not done.cancelled():
            done.exception()  # it reaches whoever waits; seen here too, so that it is never reported as lost

    def _fetch(self, key: str) -> None:
        with self._told(key):
            size: int = obstore.head(self._bucket, checked_key(key))["size"]
        self._cache.fill(key, size, lambda path: self.copy_to(key, path))

    def put(self, source: Path, key: str) -> None:
        """Send the file with its digest, and keep a copy here, since what is new is read next."""
        checked_key(key)
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, _DIGEST).hexdigest()
        size = source.stat().st_size
        with self._told(key):
            try:
                self._send(source, key, size, digest)
            except exceptions.AlreadyExistsError:
                # The answer to a first attempt may have been lost after it took effect.
                if self._digest(key) != digest:
                    raise FileExistsError(f"there is an object {key} already") from None
            stored: int = obstore.head(self._bucket, key)["size"]
        if stored != size:
            self.discard(key)
            raise StoreUnavailable(key, f"the store holds {stored} bytes of {size}")
        self._cache.adopt(source, key)

    def _send(self, source: Path, key: str, size: int, digest: str) -> None:
        attributes: Any = {_DIGEST: digest}
        if size <= WHOLE_BYTES:
            obstore.put(self._bucket, key, source, attributes=attributes, mode="create", use_multipart=False)
            return
        # An upload in parts knows no condition; keys carry ids that are made once.
        try:
            obstore.head(self._bucket, key)
        except ABSENT:
            obstore.put(
                self._bucket,
                key,
                source,
                attributes=attributes,
                use_multipart=True,
                chunk_size=_PART_BYTES,
                max_concurrency=2,
            )
        else:
            raise exceptions.AlreadyExistsError(key)

    def _digest(self, key: str) -> str | None:
        found: str | None = obstore.get(self._bucket, key).attributes.get(_DIGEST)
        return found

    def copy_to(self, key: str, target: Path) -> None:
        """Fetch the object, and compare it with the digest that it was sent with."""
        with self._told(key):
            found = obstore.get(self._bucket, checked_key(key))
            expected = found.attributes.get(_DIGEST)
            digest = hashlib.sha256()
            with target.open("xb") as file:
                for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
        if expected is not None and digest.hexdigest() != expected:
            target.unlink()
            raise StoreUnavailable(key, "what the store gives is not what was put there")

    def discard(self, key: str) -> None:
        """Remove the object, and the copy on this machine; copies elsewhere go with :meth:`prune`."""
        self._cache.drop(key)
        with self._told(key):
            try:
                obstore.delete(self._bucket, key)
            except ABSENT:
                return

    def list(self, folder: str) -> Iterator[StoredObject]:
        """Page by page."""
        with self._told(folder):
            for page in obstore.list(self._bucket, prefix=folder):
                for found in page:
                    yield StoredObject(found["path"], found["size"], found["last_modified"].timestamp())

    def prune(self) -> int:
        """Remove copies of objects that the store has no more, since another machine discarded them."""
        gone = 0
        for key in list(self._cache.keys()):
            try:
                with self._told(key):
                    obstore.head(self._bucket, key)
            except ObjectMissing:
                self._cache.drop(key)
                gone += 1
        return gone

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Failures of the store in words of ours, without anything secret."""
        try:
            yield
        except ABSENT:
            raise ObjectMissing(key) from None
        except exceptions.BaseError as error:
            reason = " ".join(str(error).split())[:_LONGEST_REASON]
            if self._hidden:
                reason = reason.replace(self._hidden, "…")
            log.error("object_store_failed", key=key, error=type(error).__name__, reason=reason)
            raise StoreUnavailable(key, f"the object store failed ({type(error).__name__})") from None


def signed_url(address: S3Address, credentials: S3Credentials, key: str, *, seconds: int) -> str:
    """An address that the object can be read at for a time, signed (AWS Signature Version 4). Nothing is called."""
    signed: str = obstore.sign(_bucket(address, credentials), "GET", key, timedelta(seconds=seconds))
    return signed


def _bucket(address: S3Address, credentials: S3Credentials | None) -> Any:
    # All of it is said, since obstore takes what is not from the environment of the process (AWS_SESSION_TOKEN, …).
    endpoint = address.url
    config: dict[str, Any] = {
        "region": address.region,
        "virtual_hosted_style_request": address.virtual_hosted,
        "endpoint": endpoint,
        "aws_endpoint_url_s3": endpoint,
    }
    options: dict[str, Any] = {
        "prefix": address.prefix or None,
        "config": config,
        "client_options": {
            "allow_http": endpoint.startswith("http:"),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(minutes=10),
        },
        "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
    }
    if credentials is not None:
        config["skip_signature"] = False
        given = {
            "access_key_id": credentials.key_id,
            "secret_access_key": credentials.secret,
            "expires_at": None,
        }
        options["credential_provider"] = lambda: given
    return Bucket(address.bucket, **options)
