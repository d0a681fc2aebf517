"""Column names: what the file gave, and what the API calls it. Pure."""

import re
import unicodedata
from collections.abc import Sequence

from infra.messages import Message
from listings.ingest.errors import BadColumnName, DuplicateColumn, TooManyColumns, shown
from listings.ingest.limits import Limits
from listings.ingest.personal import contents, plain
from listings.ingest.result import Notice

MAX_NAME = 200
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
"""Marks that turn the direction of the text around them or have no width: two names could look like one."""
_HALVES = re.compile("[\ud800-\udfff]")


def column_names(
    given: Sequence[str], limits: Limits, line: int | None = 1
) -> tuple[tuple[str, ...], list[Notice]]:
    """The API name of every column: the given name without surrounding blanks, control characters made blanks.

    Invisible marks that turn the direction of a text are left out. Blanks, ``$``, quotes, words of SQL and every other
    mark inside a name stay: the owner's dictionary, the buyer's contract and the file then speak of one thing. A
    column without a name becomes ``column_3`` by its position, with a notice.

    :param line: of the header; None where the format has none.
    :raises FileRefused: too many columns, a name too long or with personal information, or two of one name (compared
        without case).
    """
    require_columns(len(given), limits)
    notices = []
    names = []
    for position, original in enumerate(given, start=1):
        if len(original) > 8 * MAX_NAME:  # before any work is done on it
            raise _too_long(original, position, line)
        if _HALVES.search(original):
            raise BadColumnName(
                Message("The name of column {position} holds half of a surrogate pair.", position=position),
                remedy=Message("Write whole characters."),
                **_at(line),
            )
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", original))
        name = _CONTROL.sub(" ", text).strip(" \u3000")
        if not name:
            name = f"column_{position}"
            notices.append(
                Notice(
                    "unnamed-column",
                    Message(
                        "Column {position} has no name; it is called {name}.", position=position, name=name
                    ),
                    name,
                )
            )
        if len(name) > MAX_NAME:
            raise _too_long(name, position, line)
        if any(contents(plain(name)).values()):  # everybody reads the names, whatever is masked
            raise BadColumnName(
                Message("The name of column {position} holds personal information.", position=position),
                remedy=Message("Rename the column; upload with header=false if the first line is data."),
                **_at(line),
            )
        names.append(name)
    _refuse_duplicates(names, line)
    _refuse_long_together(names, limits, line)
    return tuple(names), notices


def names_bytes(names: Sequence[str]) -> int:
    """What the names take in every row of an answer, in UTF-8."""
    return sum(len(name.encode()) for name in names)


def require_columns(count: int, limits: Limits) -> None:
    """:raises TooManyColumns: there are more than the limit."""
    if count > limits.columns:
        raise TooManyColumns(
            Message(
                "The table has {count:,} columns; at most {columns:,} are taken.",
                count=count,
                columns=limits.columns,
            ),
            remedy=Message("Split the table, or turn columns into rows."),
            columns=count,
            limit=limits.columns,
        )


def _too_long(name: str, position: int, line: int | None) -> BadColumnName:
    return BadColumnName(
        Message(
            "The name of column {position} is {count} characters long: {name}.",
            position=position,
            count=len(name),
            name=shown(name),
        ),
        remedy=Message(
            "Use at most {max_name} characters; upload with header=false if the first line is data.",
            max_name=MAX_NAME,
        ),
        column=name[:MAX_NAME],
        **_at(line),
    )


def _refuse_long_together(names: Sequence[str], limits: Limits, line: int | None) -> None:
    size = names_bytes(names)
    if size > limits.names_bytes:
        raise BadColumnName(
            Message(
                "The names of the columns have {size:,} bytes together; at most {limit:,} are taken.",
                size=size,
                limit=limits.names_bytes,
            ),
            remedy=Message("Shorten the names: every row of an answer repeats them."),
            limit=limits.names_bytes,
            **_at(line),
        )


def _at(line: int | None) -> dict[str, int]:
    return {} if line is None else {"line": line}


def _refuse_duplicates(names: Sequence[str], line: int | None) -> None:
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        earlier = seen.setdefault(name.casefold(), position)
        if earlier != position:
            raise DuplicateColumn(
                Message(
                    "Columns {earlier} and {position} have the same name {name}, compared without case.",
                    earlier=earlier,
                    position=position,
                    name=shown(name),
                ),
                remedy=Message("Give each column a name of its own."),
                column=name,
                positions=[earlier, position],
                **_at(line),
            )
