"""Regular expressions that RE2, Python and Java take alike, and that none of them takes for ever over. Pure."""

import re

from infra.messages import Message
from quality.limits import MAX_PATTERN_CHARACTERS


class PatternRefused(Exception):
    """The pattern is none that every engine takes.

    :param what: what is wrong; ``remedy`` what to write instead.
    """

    def __init__(self, what: Message, remedy: Message) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


def parse(pattern: str) -> str:
    """The pattern as every engine takes it, for the whole value.

    :raises PatternRefused: it is outside of the common subset.
    """
    if not 0 < len(pattern) <= MAX_PATTERN_CHARACTERS:
        raise PatternRefused(
            Message("The pattern has {count:,} characters.", count=len(pattern)),
            Message("Write 1 to {most:,} characters.", most=MAX_PATTERN_CHARACTERS),
        )
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        raise PatternRefused(
            Message("The pattern cannot be read."), Message("Correct the regular expression.")
        ) from None
    return pattern
