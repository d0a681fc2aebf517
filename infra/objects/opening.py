"""Which keeper an installation has, and what each of its processes does for it."""

import asyncio

import structlog

from infra.object_address import S3Address
from infra.objects.local import LocalStore
from infra.objects.store import ObjectStore, StoreUnavailable
from infra.settings import Settings

MEBIBYTE = 1024 * 1024
PRUNE_SECONDS = 600.0
"""A copy of an object that another machine discarded is removed after so long at most."""

log = structlog.get_logger()


def open_store(settings: Settings) -> ObjectStore:
    """The object store that the settings name; nothing is asked of it yet."""
    if settings.object_store is None:
        return LocalStore(settings.objects_dir)
    # Its library is loaded only where it is used.
    from infra.objects.s3 import S3Credentials, S3Store

    key_id, secret = settings.object_store_key_id, settings.object_store_secret
    credentials = S3Credentials(key_id, secret.get_secret_value()) if key_id and secret else None
    return S3Store(
        S3Address.parse(settings.object_store),
        credentials,
        cache_folder=settings.object_cache_dir,
        cache_bytes=settings.object_cache_mb * MEBIBYTE,
        fetch_seconds=settings.object_fetch_timeout_s,
    )


async def prune_regularly(store: ObjectStore) -> None:
    """Remove copies of discarded objects for as long as the process lives; a store that is away is asked again."""
    while True:
        await asyncio.sleep(PRUNE_SECONDS)
        try:
            if gone := await asyncio.to_thread(store.prune):
                log.info("cached_objects_removed", count=gone)
        except StoreUnavailable as error:
            log.warning("cache_not_pruned", reason=error.strerror)
