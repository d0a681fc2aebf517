"""Column names: what the file gave, and what the API calls it. Pure."""

import re
import unicodedata
from collections.abc import Sequence

from infra.messages import Message
from listings.ingest.errors import BadColumnName, DuplicateColumn, TooManyColumns, shown
from listings.ingest.limits import Limits
from listings.ingest.result import Notice

MAX_NAME = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def column_names(
    given: Sequence[str], limits: Limits, line: int | None = 1
) -> tuple[tuple[str, ...], list[Notice]]:
    """The API name of every column: the given name without surrounding blanks, control characters made blanks.

    Blanks, ``$`` and every other mark inside a name stay: the owner's dictionary, the buyer's contract and the
    file then speak of one thing. A column without a name becomes ``column_3`` by its position, with a notice.

    :param line: of the header; None where the format has none.
    :raises FileRefused: too many columns, a name too long, or two of one name (compared without case).
    """
    if len(given) > limits.columns:
        raise TooManyColumns(
            Message(
                "The table has {count:,} columns; at most {columns:,} are taken.",
                count=len(given),
                columns=limits.columns,
            ),
            remedy=Message("Split the table, or turn columns into rows."),
            columns=len(given),
            limit=limits.columns,
        )
    notices = []
    names = []
    for position, original in enumerate(given, start=1):
        name = _CONTROL.sub(" ", unicodedata.normalize("NFC", original)).strip(" \u3000\ufeff")
        if not name:
            name = f"column_{position}"
            notices.append(
                Notice("unnamed-column", f"Column {position} has no name; it is called {name}.", name)
            )
        if len(name) > MAX_NAME:
            raise BadColumnName(
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
        names.append(name)
    _refuse_duplicates(names, line)
    return tuple(names), notices


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
