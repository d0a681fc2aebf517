"""Cursors of the data plane: a revision and a row of it, after which the next page begins. Pure."""

import base64
import binascii
from hashlib import sha256
from uuid import UUID

from infra.messages import Message
from market.delivery.errors import InvalidQuery

_CHECKED = 3
"""Bytes of a digest: a cursor that was altered would otherwise lead to other rows, and be billed."""


class CursorOfRevision(Exception):
    """A cursor goes on with another revision than the query is read against."""

    def __init__(self, revision_id: UUID) -> None:
        super().__init__(revision_id)
        self.revision_id = revision_id


def invalid_cursor() -> InvalidQuery:
    """What to tell a caller whose cursor is none of ours."""
    return InvalidQuery(
        Message("Invalid cursor."), remedy=Message("Send `next_cursor` of the previous page, unchanged.")
    )


def encode_cursor(revision_id: UUID, row: int) -> str:
    """The cursor of the page that follows a row of a revision."""
    place = revision_id.bytes + row.to_bytes(8, "big")
    return base64.urlsafe_b64encode(place + _check(place)).decode()


def decode_cursor(cursor: str, revision_id: UUID) -> int:
    """The row within a cursor.

    :raises InvalidQuery: it is none of ours, or was altered.
    :raises CursorOfRevision: it belongs to another revision than this one.
    """
    try:
        content = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        content = b""
    place = content[:-_CHECKED]
    if len(place) != 24 or content[-_CHECKED:] != _check(place):
        raise invalid_cursor()
    if place[:16] != revision_id.bytes:
        raise CursorOfRevision(UUID(bytes=place[:16]))
    return int.from_bytes(place[16:], "big")


def _check(place: bytes) -> bytes:
    return sha256(b"cursor\0" + place).digest()[:_CHECKED]
