"""Lists: ``?limit=&cursor=`` in, one page and the next cursor out, stable while rows are added.

Rows are ordered by their UUIDv7 ids, newest first, so that a cursor is the id of the last row seen.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID

from litestar.params import Parameter
from sqlmodel.sql.expression import SelectOfScalar

from infra.db import AsyncSession, Table
from infra.errors import Malformed
from infra.messages import Message

RowT = TypeVar("RowT", bound=Table)

CURSOR_PATTERN = "^[A-Za-z0-9_-]{22}$"
"""Sixteen bytes in base64url."""

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted."""

    limit: int
    after: UUID | None


def page_request(
    limit: Annotated[
        int, Parameter(ge=1, le=MAX_LIMIT, description="How many items at most.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Parameter(
            description="`next_cursor` of the page before.",
            schema_extra={"pattern": CURSOR_PATTERN},
        ),
    ] = None,
) -> PageRequest:
    """Dependency ``page``.

    :raises Malformed: the cursor is not one of ours.
    """
    return PageRequest(limit=limit, after=decode_cursor(cursor) if cursor is not None else None)


def encode_cursor(row_id: UUID) -> str:
    """An opaque cursor for the id of the last row on a page."""
    return base64.urlsafe_b64encode(row_id.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> UUID:
    """The row id within a cursor.

    :raises Malformed: the cursor is not one of ours.
    """
    # The decoder passes over what it does not know, so the form is checked before.
    if not re.fullmatch(CURSOR_PATTERN, cursor, re.ASCII):
        raise Malformed(
            Message("The cursor is not one that this service gave out."),
            remedy=Message(
                "Pass next_cursor of the page before, unchanged, or leave it out to begin at the start."
            ),
        )
    return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))


async def paginate(
    session: AsyncSession, statement: SelectOfScalar[RowT], id_column: Any, page: PageRequest
) -> tuple[Sequence[RowT], str | None]:
    """The rows of one page, newest first, and the cursor of the next page or None on the last."""
    if page.after is not None:
        statement = statement.where(id_column < page.after)
    rows = (await session.exec(statement.order_by(id_column.desc()).limit(page.limit + 1))).all()
    if len(rows) <= page.limit:
        return rows, None
    shown = rows[: page.limit]
    return shown, encode_cursor(getattr(shown[-1], id_column.key))
