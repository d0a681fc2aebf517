"""What a SQL statement of a check may be: its text, before anything runs it. Pure."""

import re

from infra.messages import Message
from quality.limits import MAX_STATEMENT_CHARACTERS

_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


class StatementRefused(Exception):
    """The statement is none that may run.

    :param what: what is wrong; ``remedy`` what to write instead.
    """

    def __init__(self, what: Message, remedy: Message) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


def require(statement: str) -> None:
    """Refuse a text that is no SELECT statement of bearable length.

    :raises StatementRefused: it is none.
    """
    if not 0 < len(statement) <= MAX_STATEMENT_CHARACTERS:
        raise StatementRefused(
            Message("The statement has {count:,} characters.", count=len(statement)),
            Message("Write 1 to {most:,} characters.", most=MAX_STATEMENT_CHARACTERS),
        )
    if "\x00" in statement or not _SELECT.match(statement):
        raise StatementRefused(
            Message("The statement is no SELECT."),
            Message("Write one SELECT over the table revision that returns the failing rows."),
        )
