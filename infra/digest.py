"""One way to turn a JSON document into bytes, so that a digest of it means the same everywhere."""

import hashlib
import json
from typing import Any


def canonical_json(document: Any) -> bytes:
    """The document as UTF-8 JSON with sorted keys and no white space.

    :param document: JSON values only; exact decimals as text. Keys are sorted by code point.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return text.encode()


def json_digest(document: Any) -> bytes:
    """SHA-256 of :func:`canonical_json`, 32 bytes."""
    return hashlib.sha256(canonical_json(document)).digest()
