"""Cursors of a search: where its last page ended. Pure.

A cursor belongs to one query with its filters and its order; with another it would pass over what it should show.
"""

import base64
import binascii
from hashlib import blake2b
from uuid import UUID

from infra.errors import Malformed
from infra.messages import Message

MAX_CURSOR = 240
CURSOR_PATTERN = f"^[A-Za-z0-9_-]{{40,{MAX_CURSOR}}}$"
_MARK_BYTES = 8
_ID_BYTES = 16


def mark(*asked: object) -> bytes:
    """What tells one search from another.

    :param asked: everything that decides which products are found and in which order.
    """
    return blake2b(repr(asked).encode(), digest_size=_MARK_BYTES).digest()


def encode(search: bytes, last: tuple[UUID, bytes]) -> str:
    """An opaque cursor.

    :param search: its mark.
    :param last: id of the last item of a page, and where it stands in the order.
    """
    product_id, kept = last
    return base64.urlsafe_b64encode(search + product_id.bytes + kept).decode().rstrip("=")


def decode(cursor: str, search: bytes) -> tuple[UUID, bytes]:
    """What a cursor of this search says: see `encode`.

    :raises Malformed: it is none, or one of another search.
    """
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        told = b""
    if len(told) < _MARK_BYTES + _ID_BYTES or len(cursor) > MAX_CURSOR:
        raise Malformed(
            Message("The cursor is not one that this service gave out."),
            remedy=Message(
                "Pass next_cursor of the page before, unchanged, or leave it out to begin at the start."
            ),
        )
    if told[:_MARK_BYTES] != search:
        raise Malformed(
            Message("The cursor belongs to a search with other words, filters or another order."),
            remedy=Message(
                "Repeat the search that gave it, word for word; to search for something else, leave the cursor out."
            ),
        )
    return UUID(bytes=told[_MARK_BYTES : _MARK_BYTES + _ID_BYTES]), told[_MARK_BYTES + _ID_BYTES :]
