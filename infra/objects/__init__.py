"""The object store: immutable files under a key, in a local folder or in any S3-compatible store.

Both keepers hold to the same rules (:class:`ObjectStore`), and the same tests hold them to it. What reads files reads
local ones: of a store that is elsewhere, a bounded cache in the data folder holds those that were read last.
"""

from infra.objects.local import LocalStore
from infra.objects.opening import open_store, prune_regularly
from infra.objects.store import ObjectMissing, ObjectStore, StoredObject, StoreUnavailable

__all__ = [
    "LocalStore",
    "ObjectMissing",
    "ObjectStore",
    "StoreUnavailable",
    "StoredObject",
    "open_store",
    "prune_regularly",
]
