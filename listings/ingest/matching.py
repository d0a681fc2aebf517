"""Which column of a file is which of those expected. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.messages import Message
from listings.ingest.errors import shown
from listings.ingest.expected import ExpectedColumn
from listings.ingest.result import Notice


@dataclass(frozen=True, slots=True)
class Matched:
    """The columns of a file, each with what is expected of it (None for one that is new), and what to tell."""

    names: tuple[str, ...]
    expected: tuple[ExpectedColumn | None, ...]
    notices: list[Notice]


def match_names(names: Sequence[str], expected: Sequence[ExpectedColumn]) -> Matched:
    """Find the expected columns by their names, compared without case; they keep the names expected.

    Columns that are absent are not missed here: who asks knows whether they were published or declared.
    """
    known = {column.name.casefold(): column for column in expected}
    found = tuple(known.get(name.casefold()) for name in names)
    kept = tuple(column.name if column else name for name, column in zip(names, found, strict=True))
    notices = []
    for name, column in zip(names, found, strict=True):
        if column is not None and column.name != name:
            message = Message(
                "The column {given} is read as {name}, as it is known.",
                given=shown(name),
                name=shown(column.name),
            )
            notices.append(Notice("column-matched", message, column.name))
    if any(column.published for column in expected):
        notices += [
            Notice(
                "new-column",
                Message("The column {name} is new: it was not published.", name=shown(name)),
                name,
            )
            for name, column in zip(names, found, strict=True)
            if column is None or not column.published
        ]
    return Matched(kept, found, notices)
